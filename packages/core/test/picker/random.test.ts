import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSeededRandom, type Random } from '#core/kernel/random.js'
import { Draw } from '#core/picker/draw.js'
import { RandomOne } from '#core/picker/random.js'
import { RoundRobin } from '#core/picker/round-robin.js'
import type { Pool } from '#core/servers/pool.js'
import { eject, NOW_S, selectionFor, sequence, weighted } from './fixtures.js'

const picker = (pool: Pool, random: Random = createSeededRandom(2026)) =>
  new RandomOne(new Draw(pool.primaries, random), new RoundRobin(pool))

/** Chance that always says the same, and counts how often it was asked. */
function stubborn(value: number): Random & { asked: number } {
  return {
    asked: 0,
    below() {
      this.asked += 1
      return value
    },
    fill() {},
  }
}

test('servers are drawn in proportion to their weights', () => {
  const pool = weighted(1, 2, 5)
  const picks = sequence(picker(pool), 40_000)
  for (const { address, weight } of pool.servers) {
    const p = weight / pool.totalWeight
    const deviation = Math.sqrt(40_000 * p * (1 - p))
    const count = picks.filter((pick) => pick === address).length
    assert.ok(Math.abs(count - 40_000 * p) < 5 * deviation, `${address}: ${count}`)
  }
})

test('each number below the total weight stands for one server, in the order of the list', () => {
  const drawn = Array.from({ length: 6 }, (_, x) =>
    sequence(picker(weighted(2, 1, 3), stubborn(x)), 1),
  )
  assert.equal(drawn.join(''), 'aabccc')
})

test('a draw that falls on a server out of service is repeated', () => {
  const pool = weighted(1, 1, 1)
  eject(pool.servers[0]!)
  const picks = sequence(picker(pool), 300)
  assert.deepEqual(new Set(picks), new Set(['b', 'c']))
})

test('after 21 draws in vain round robin decides', () => {
  const pool = weighted(1, 1, 1)
  eject(pool.servers[0]!)
  const random = stubborn(0)
  const selection = selectionFor()
  assert.equal(picker(pool, random).pick(selection, NOW_S)?.address, 'b')
  assert.equal(random.asked, 21)
  assert.equal(pool.servers[1]!.currentWeight, -1)
})
