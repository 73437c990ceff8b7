import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPool, nextVersion } from '#core/servers/pool.js'
import { serverConfig } from '../picker/fixtures.js'

const addresses = (servers: ReadonlyArray<{ address: string }>): string[] =>
  servers.map(({ address }) => address)

test('primaries keep their order, and backups stand behind them', () => {
  const pool = createPool([
    serverConfig('a', { backup: true }),
    serverConfig('b'),
    serverConfig('c', { down: true }),
  ])
  assert.deepEqual(addresses(pool.primaries), ['b', 'c'])
  assert.deepEqual(addresses(pool.backups), ['a'])
  assert.deepEqual(addresses(pool.servers), ['b', 'c', 'a'])
})

test('the total weight is that of the primaries, those that are down included', () => {
  const pool = createPool([
    serverConfig('a', { weight: 2 }),
    serverConfig('b', { weight: 3, down: true }),
    serverConfig('c', { weight: 5, backup: true }),
  ])
  assert.equal(pool.totalWeight, 5)
})

test('a pool is single when it has one primary and no backup', () => {
  assert.equal(createPool([serverConfig('a')]).single, true)
  assert.equal(createPool([serverConfig('a'), serverConfig('b')]).single, false)
  assert.equal(createPool([serverConfig('a'), serverConfig('b', { backup: true })]).single, false)
  assert.equal(createPool([serverConfig('b', { backup: true })]).single, false)
  assert.equal(createPool([]).single, false)
})

test('a server that stays in the list keeps its counters and takes its new configuration', () => {
  const first = createPool([serverConfig('a'), serverConfig('b')])
  const b = first.servers[1]!
  b.fails = 2
  b.active = 7
  b.currentWeight = -3
  const second = createPool([serverConfig('b', { weight: 4 }), serverConfig('c')], first)
  assert.equal(second.servers[0], b)
  assert.deepEqual([b.fails, b.active, b.currentWeight, b.weight], [2, 7, -3, 4])
  assert.equal(second.version, first.version + 1)
})

test('a server that changes between primary and backup is the same server', () => {
  const first = createPool([serverConfig('a'), serverConfig('b')])
  const second = createPool([serverConfig('a'), serverConfig('b', { backup: true })], first)
  assert.equal(second.backups[0], first.servers[1])
})

test('another incarnation of an address is another server and inherits no health', () => {
  const first = createPool([serverConfig('a', { incarnation: 1 })])
  first.servers[0]!.fails = 3
  const second = createPool([serverConfig('a', { incarnation: 2 })], first)
  assert.notEqual(second.servers[0], first.servers[0])
  assert.equal(second.servers[0]?.fails, 0)
})

test("a new list does not forget the operator's word", () => {
  const first = createPool([serverConfig('a')])
  first.servers[0]!.overrideWith({ mode: 'drain' })
  assert.equal(createPool([serverConfig('a')], first).servers[0]?.mode, 'drain')
})

test('the next version counts the weights anew', () => {
  const pool = createPool([serverConfig('a'), serverConfig('b')])
  pool.servers[0]!.overrideWith({ weight: 9 })
  const next = nextVersion(pool)
  assert.deepEqual([pool.totalWeight, next.totalWeight], [2, 10])
  assert.deepEqual([next.servers, next.version], [pool.servers, pool.version + 1])
})
