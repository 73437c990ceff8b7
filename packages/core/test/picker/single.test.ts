import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Single } from '#core/picker/single.js'
import { Server, type ServerConfig } from '#core/servers/server.js'
import { eject, NOW_S, selectionFor, serverConfig } from './fixtures.js'

const lone = (rest: Partial<ServerConfig> = {}) => new Server(serverConfig('a', rest))

test('the only server is picked however often it has failed', () => {
  const server = lone()
  eject(server)
  assert.equal(new Single(server).pick(selectionFor()), server)
})

test('it is not picked while it is down, draining or full', () => {
  for (const server of [lone({ down: true }), lone({ drain: true }), lone({ maxConns: 1 })]) {
    server.active = 1
    assert.equal(new Single(server).pick(selectionFor()), undefined)
  }
})

test('a request gets no second attempt at it', () => {
  const server = lone()
  const selection = selectionFor()
  selection.tried.push(server)
  assert.equal(new Single(server).pick(selection), undefined)
})

test('its weights never move', () => {
  const server = lone({ weight: 3 })
  server.effectiveWeight = 1
  const picker = new Single(server)
  picker.pick(selectionFor())
  picker.charge()
  assert.deepEqual([server.currentWeight, server.effectiveWeight], [0, 1])
  assert.equal(server.available(NOW_S), true)
})
