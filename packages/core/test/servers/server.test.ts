import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Server, type ServerConfig } from '#core/servers/server.js'
import { serverConfig } from '../picker/fixtures.js'

const server = (rest: Partial<ServerConfig> = {}) => new Server(serverConfig('a', rest))

function failed(rest: Partial<ServerConfig>, fails: number, checked: number): Server {
  const it = server(rest)
  it.fails = fails
  it.checked = checked
  return it
}

test('a new server takes requests, however early in the life of the machine', () => {
  const it = server()
  assert.equal(it.available(0), true)
  assert.equal(it.obstacle(0), undefined)
})

test('the gate is shut from the last fail up to and with the last second of the timeout', () => {
  const it = failed({ maxFails: 2, failTimeoutS: 10 }, 2, 100)
  assert.deepEqual(
    [100, 110, 111].map((nowS) => it.available(nowS)),
    [false, false, true],
  )
  assert.equal(it.obstacle(110), 'ejected')
  assert.equal(it.obstacle(111), undefined)
})

test('fewer fails than maxFails shut nothing, and maxFails 0 never does', () => {
  assert.equal(failed({ maxFails: 3 }, 2, 100).available(100), true)
  assert.equal(failed({ maxFails: 0 }, 50, 100).available(100), true)
})

test('a timeout of 0 ends with its own second', () => {
  const it = failed({ maxFails: 1, failTimeoutS: 0 }, 1, 100)
  assert.deepEqual([it.available(100), it.available(101)], [false, true])
})

test('a server is full at maxConns, and never without it', () => {
  const limited = server({ maxConns: 2 })
  limited.active = 1
  assert.equal(limited.full, false)
  limited.active = 2
  assert.equal(limited.full, true)
  assert.equal(limited.available(0), false)
  assert.equal(limited.obstacle(0), 'limit')
  const free = server()
  free.active = 1_000_000
  assert.equal(free.full, false)
})

test('a draining server takes no new sessions, but nothing keeps its own away', () => {
  const it = server({ drain: true })
  assert.equal(it.available(0), false)
  assert.equal(it.obstacle(0), undefined)
})

test('down is the first obstacle named, then ejected, then the limit', () => {
  const it = failed({ down: true, maxFails: 1, maxConns: 1 }, 1, 100)
  it.active = 1
  assert.equal(it.obstacle(100), 'down')
  it.overrideWith({ mode: 'up' })
  assert.equal(it.obstacle(100), 'ejected')
  it.fails = 0
  assert.equal(it.obstacle(100), 'limit')
})

test('down beats drain in the configuration', () => {
  assert.equal(server({ down: true, drain: true }).mode, 'down')
})

test("the operator's word stands above the configuration until it is taken back", () => {
  const it = server({ weight: 2 })
  it.overrideWith({ mode: 'drain', weight: 5 })
  it.reconfigure(serverConfig('a', { weight: 3, down: true }))
  assert.deepEqual([it.mode, it.weight], ['drain', 5])
  it.overrideWith({})
  assert.deepEqual([it.mode, it.weight], ['down', 3])
})

test('a new weight starts at full effect; an unchanged one keeps what failures took', () => {
  const it = server({ weight: 4 })
  it.effectiveWeight = 1
  it.reconfigure(serverConfig('a', { weight: 4, maxFails: 9 }))
  assert.equal(it.effectiveWeight, 1)
  it.reconfigure(serverConfig('a', { weight: 3 }))
  assert.equal(it.effectiveWeight, 3)
})
