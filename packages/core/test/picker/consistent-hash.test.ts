import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ConsistentHash } from '#core/picker/consistent-hash.js'
import { createPool, type Pool } from '#core/servers/pool.js'
import type { Server } from '#core/servers/server.js'
import {
  attempts,
  eject,
  equalServers,
  NOW_S,
  selectionFor,
  serverConfig,
  weighted,
} from './fixtures.js'

const KEYS = Array.from({ length: 20_000 }, (_, i) => `session-${i}`)

/** Where each key is at home. */
function homes(pool: Pool): Array<Server | undefined> {
  const picker = new ConsistentHash(pool)
  return KEYS.map((key) => picker.pick(selectionFor(key), NOW_S))
}

function shares(pool: Pool): number[] {
  const counts = new Map<Server | undefined, number>()
  for (const home of homes(pool)) counts.set(home, (counts.get(home) ?? 0) + 1)
  return pool.servers.map((server) => counts.get(server) ?? 0)
}

test('10 equal servers carry at most 1.25 times the mean', () => {
  const counts = shares(equalServers(10))
  const mean = KEYS.length / 10
  assert.ok(Math.max(...counts) / mean <= 1.25, `${counts}`)
})

test('a server carries as its weight says', () => {
  const pool = weighted(1, 2, 5)
  shares(pool).forEach((count, i) => {
    const expected = (KEYS.length * pool.servers[i]!.weight) / pool.totalWeight
    assert.ok(Math.abs(count / expected - 1) < 0.25, `${count} instead of ${expected}`)
  })
})

test('when 1 of 10 servers leaves, its keys move and no others, which is the optimum', () => {
  const before = equalServers(10)
  const old = homes(before)
  let moved = 0
  for (const leaving of before.servers) {
    const staying = before.servers.filter((server) => server !== leaving)
    const after = createPool(
      staying.map(({ config }) => config),
      before,
    )
    homes(after).forEach((home, i) => {
      if (home === old[i]) return
      assert.equal(old[i], leaving)
      moved += 1
    })
  }
  assert.equal(moved, KEYS.length)
})

test('at most 1.3 times the optimum moves, whichever of 10 servers leaves', () => {
  const counts = shares(equalServers(10))
  assert.ok(Math.max(...counts) <= (1.3 * KEYS.length) / 10, `${counts}`)
})

test('a server that comes takes keys, and moves none between the others', () => {
  const before = equalServers(9)
  const old = homes(before)
  const after = createPool(
    equalServers(10).servers.map(({ config }) => config),
    before,
  )
  const newcomer = after.servers[9]
  homes(after).forEach((home, i) => {
    assert.ok(home === old[i] || home === newcomer)
  })
})

test('an ejected server moves its own keys only, and gets them back', () => {
  const pool = equalServers(6)
  const before = homes(pool)
  const [away] = pool.servers
  eject(away!)
  homes(pool).forEach((home, i) => {
    assert.ok(before[i] === away ? home !== away : home === before[i])
  })
  away!.fails = 0
  assert.deepEqual(homes(pool), before)
})

test('replicas agree whatever the order of their lists and the traffic they saw', () => {
  fc.assert(
    fc.property(
      fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6], { minLength: 7 }),
      fc.array(fc.string(), { maxLength: 20 }),
      fc.string({ minLength: 1 }),
      fc.subarray([0, 1, 2, 3, 4, 5, 6], { maxLength: 6 }),
      (order, traffic, key, ejected) => {
        const configs = equalServers(7).servers.map(({ config }) => config)
        const answers = [configs, order.map((i) => configs[i]!)].map((list, replica) => {
          const pool = createPool(list)
          const picker = new ConsistentHash(pool)
          if (replica === 1) for (const k of traffic) picker.pick(selectionFor(k), NOW_S)
          for (const i of ejected) eject(pool.servers.find((s) => s.config === configs[i])!)
          return picker.pick(selectionFor(key), NOW_S)?.address
        })
        assert.equal(answers[0], answers[1])
      },
    ),
  )
})

test('every key finds the last server of 300, where nginx would long have turned away', () => {
  const pool = equalServers(300)
  for (const server of pool.servers.slice(1)) eject(server)
  const picker = new ConsistentHash(pool)
  for (const key of KEYS.slice(0, 200)) {
    assert.equal(picker.pick(selectionFor(key), NOW_S), pool.servers[0])
  }
})

test('the next attempt goes on where the last one stopped', () => {
  const pool = equalServers(5)
  const picker = new ConsistentHash(pool)
  const [first, second, third] = attempts(picker, selectionFor('alice'))
  eject(first!)
  const selection = selectionFor('alice')
  selection.tried.push(picker.pick(selection, NOW_S)!)
  assert.deepEqual(selection.tried, [second])
  // The ring is not looked at from its start again, although its first choice is back.
  first!.fails = 0
  assert.equal(picker.pick(selection, NOW_S), third)
})

test('what failures took from the effective weight comes back one a request', () => {
  const pool = createPool([serverConfig('a', { weight: 4 }), serverConfig('b', { weight: 4 })])
  const picker = new ConsistentHash(pool)
  const home = picker.pick(selectionFor('alice'), NOW_S)!
  home.effectiveWeight = 1
  picker.pick(selectionFor('alice'), NOW_S)
  assert.deepEqual([home.effectiveWeight, home.currentWeight], [2, 0])
})

test('servers of one address share its keys by weighted round robin', () => {
  const pool = createPool([
    serverConfig('a', { incarnation: 1, weight: 2 }),
    serverConfig('a', { incarnation: 2, weight: 1 }),
  ])
  const picker = new ConsistentHash(pool)
  const picks = Array.from({ length: 6 }, () => picker.pick(selectionFor('alice'), NOW_S))
  assert.deepEqual(
    picks.map((server) => server?.config.incarnation),
    [1, 2, 1, 1, 2, 1],
  )
})
