import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSeededRandom, type Random } from '#core/kernel/random.js'
import { Draw } from '#core/picker/draw.js'
import { RandomTwo } from '#core/picker/random-two.js'
import { RoundRobin } from '#core/picker/round-robin.js'
import type { Pool } from '#core/servers/pool.js'
import { eject, NOW_S, selectionFor, sequence, weighted } from './fixtures.js'

const picker = (pool: Pool, random: Random = createSeededRandom(2026)) =>
  new RandomTwo(new Draw(pool.primaries, random), new RoundRobin(pool))

/** Chance that gives these numbers, and the last of them for ever. */
function script(...values: number[]): Random {
  return { below: () => (values.length > 1 ? values.shift()! : values[0]!), fill() {} }
}

function pickOf(pool: Pool, ...draws: number[]): string | undefined {
  return picker(pool, script(...draws)).pick(selectionFor(), NOW_S)?.address
}

test('of the two drawn the less loaded takes the request, in either order', () => {
  const pool = weighted(1, 1, 1)
  const [a, b] = pool.servers
  a!.active = 2
  b!.active = 1
  assert.equal(pickOf(pool, 0, 1), 'b')
  assert.equal(pickOf(pool, 1, 0), 'b')
})

test('connections count by weight, and the second of two equals is kept', () => {
  const pool = weighted(4, 1)
  const [a, b] = pool.servers
  a!.active = 4
  b!.active = 1
  assert.equal(pickOf(pool, 0, 4), 'b')
  assert.equal(pickOf(pool, 4, 0), 'a')
  a!.active = 3
  assert.equal(pickOf(pool, 0, 4), 'a')
})

test('the same server drawn twice, or one out of service, is no second choice', () => {
  const pool = weighted(1, 1, 1)
  const [a, , c] = pool.servers
  a!.active = 5
  eject(c!)
  assert.equal(pickOf(pool, 0, 0, 2, 1), 'b')
})

test('with one server left, round robin finds it', () => {
  const pool = weighted(1, 1, 1)
  eject(pool.servers[0]!)
  eject(pool.servers[1]!)
  assert.deepEqual(new Set(sequence(picker(pool), 20)), new Set(['c']))
})

test('requests that stay keep the loads closer together than one draw would', () => {
  const pool = weighted(1, 1, 1, 1, 1, 1, 1, 1)
  const two = picker(pool)
  for (let i = 0; i < 4_000; i += 1) two.pick(selectionFor(), NOW_S)!.active += 1
  const loads = pool.servers.map((server) => server.active)
  // The standard deviation of one draw would be 21.
  assert.ok(Math.max(...loads) - Math.min(...loads) <= 8, `${loads}`)
})
