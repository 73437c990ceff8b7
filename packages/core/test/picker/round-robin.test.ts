import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RoundRobin } from '#core/picker/round-robin.js'
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

test('weights 5, 1, 1 interleave as smoothly as in nginx', () => {
  const picker = new RoundRobin(weighted(5, 1, 1))
  assert.equal(sequence(picker, 14).join(''), 'aabacaaaabacaa')
})

test('every round of as many requests as there is weight gives each server its weight', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }), (w) => {
      const pool = weighted(...w)
      const picker = new RoundRobin(pool)
      for (let round = 0; round < 3; round += 1) {
        const picks = sequence(picker, pool.totalWeight)
        const shares = pool.servers.map((s) => picks.filter((p) => p === s.address).length)
        assert.deepEqual(shares, w)
      }
    }),
  )
})

test('a server that lost its weight to failures earns it back one a request', () => {
  const pool = weighted(4, 4)
  const [a] = pool.servers
  a!.effectiveWeight = 0
  const picker = new RoundRobin(pool)
  const seen = Array.from({ length: 5 }, () => {
    picker.pick(selectionFor(), NOW_S)
    return a!.effectiveWeight
  })
  assert.deepEqual(seen, [1, 2, 3, 4, 4])
})

test('backups serve by the same rule, and only once no primary is left', () => {
  const pool = createPool([
    serverConfig('a'),
    serverConfig('b'),
    serverConfig('x', { backup: true, weight: 2 }),
    serverConfig('y', { backup: true }),
  ])
  const picker = new RoundRobin(pool)
  assert.deepEqual(new Set(sequence(picker, 8)), new Set(['a', 'b']))
  for (const server of pool.primaries) eject(server)
  assert.equal(sequence(picker, 6).join(''), 'xyxxyx')
})

test('a request that has come to the backups stays with them', () => {
  const pool = createPool([
    serverConfig('a'),
    serverConfig('x', { backup: true }),
    serverConfig('y', { backup: true }),
  ])
  const [a] = pool.primaries
  eject(a!)
  const picker = new RoundRobin(pool)
  const selection = selectionFor()
  selection.tried.push(picker.pick(selection, NOW_S)!)
  a!.fails = 0
  assert.equal(picker.pick(selection, NOW_S)?.address, 'y')
  assert.equal(picker.pick(selectionFor(), NOW_S)?.address, 'a')
})

test('a request without backups goes on with a primary that has come back meanwhile', () => {
  const pool = weighted(1, 1)
  for (const server of pool.servers) eject(server)
  const picker = new RoundRobin(pool)
  const selection = selectionFor()
  assert.equal(picker.pick(selection, NOW_S), undefined)
  pool.servers[1]!.fails = 0
  assert.equal(picker.pick(selection, NOW_S)?.address, 'b')
})

test('the attempts of one request go round every server', () => {
  const picker = new RoundRobin(weighted(3, 2, 1))
  const order = attempts(picker, selectionFor()).map(({ address }) => address)
  assert.deepEqual(order, ['a', 'b', 'c'])
})
