import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LeastConn } from '#core/picker/least-conn.js'
import { createPool } from '#core/servers/pool.js'
import {
  attempts,
  eject,
  NOW_S,
  selectionFor,
  sequence,
  serverConfig,
  weighted,
} from './fixtures.js'

test('the server with the fewest connections for its weight is picked', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat({ max: 30 })), {
        minLength: 2,
        maxLength: 6,
      }),
      (servers) => {
        const pool = weighted(...servers.map(([weight]) => weight))
        pool.servers.forEach((server, i) => {
          server.active = servers[i]![1]
        })
        const picked = new LeastConn(pool).pick(selectionFor(), NOW_S)!
        for (const other of pool.servers) {
          assert.ok(picked.active * other.weight <= other.active * picked.weight)
        }
      },
    ),
  )
})

test('servers that carry nothing take turns by weight', () => {
  assert.equal(sequence(new LeastConn(weighted(5, 1, 1)), 7).join(''), 'aabacaa')
})

test('a clear winner moves no weight, and those that tie move only their own', () => {
  const pool = weighted(1, 1, 1)
  const [a, b, c] = pool.servers
  b!.active = 1
  c!.active = 1
  const picker = new LeastConn(pool)
  picker.pick(selectionFor(), NOW_S)
  assert.deepEqual(
    pool.servers.map((server) => server.currentWeight),
    [0, 0, 0],
  )
  a!.active = 2
  picker.pick(selectionFor(), NOW_S)
  assert.deepEqual(
    pool.servers.map((server) => server.currentWeight),
    [0, -1, 1],
  )
})

test('a tie that is beaten later in the list is no tie, so no weight moves', () => {
  const pool = weighted(1, 1, 4)
  const [a, b, c] = pool.servers
  a!.active = 2
  b!.active = 2
  c!.active = 1
  c!.effectiveWeight = 1
  assert.equal(new LeastConn(pool).pick(selectionFor(), NOW_S), c)
  assert.deepEqual([c!.currentWeight, c!.effectiveWeight], [0, 1])
})

test('the effective weight comes back while servers tie', () => {
  const pool = weighted(3, 3)
  pool.servers[0]!.effectiveWeight = 0
  new LeastConn(pool).pick(selectionFor(), NOW_S)
  assert.equal(pool.servers[0]!.effectiveWeight, 1)
})

test('long requests spread so that nobody carries more than one above another', () => {
  const pool = weighted(1, 1, 1, 1)
  const picker = new LeastConn(pool)
  for (let i = 0; i < 50; i += 1) {
    picker.pick(selectionFor(), NOW_S)!.active += 1
    const loads = pool.servers.map((server) => server.active)
    assert.ok(Math.max(...loads) - Math.min(...loads) <= 1)
  }
})

test('backups serve by the same rule once no primary is left', () => {
  const pool = createPool([
    serverConfig('a'),
    serverConfig('x', { backup: true }),
    serverConfig('y', { backup: true }),
  ])
  const picker = new LeastConn(pool)
  pool.primaries[0]!.active = 100
  assert.equal(picker.pick(selectionFor(), NOW_S)?.address, 'a')
  eject(pool.primaries[0]!)
  pool.backups[0]!.active = 1
  assert.deepEqual(
    attempts(picker, selectionFor()).map(({ address }) => address),
    ['y', 'x'],
  )
})
