import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RoundRobin } from '#core/picker/round-robin.js'
import { createPool } from '#core/servers/pool.js'
import { NOW_S, selectionFor, sequence, serverConfig, weighted } from './fixtures.js'

test('a bound request counts as a turn of its server', () => {
  const pool = weighted(1, 1, 1)
  const [a] = pool.servers
  const picker = new RoundRobin(pool)
  picker.charge(a!, selectionFor(), NOW_S)
  assert.deepEqual(
    pool.servers.map((s) => s.currentWeight),
    [-2, 1, 1],
  )
  assert.equal(sequence(picker, 2).join(''), 'bc')
})

test('a server that is deep enough in debt is charged no more, and no weight moves', () => {
  const pool = weighted(1, 1, 1)
  const [a] = pool.servers
  const picker = new RoundRobin(pool)
  picker.charge(a!, selectionFor(), NOW_S)
  const weights = pool.servers.map((s) => s.currentWeight)
  for (let i = 0; i < 1_000; i += 1) picker.charge(a!, selectionFor(), NOW_S)
  assert.deepEqual(
    pool.servers.map((s) => s.currentWeight),
    weights,
  )
})

test('no amount of bound traffic starves its server of new sessions afterwards', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 5 }),
      fc.array(fc.tuple(fc.nat(), fc.boolean()), { maxLength: 200 }),
      (weights, traffic) => {
        const pool = weighted(...weights)
        const picker = new RoundRobin(pool)
        for (const [at, bound] of traffic) {
          const server = pool.servers[at % weights.length]!
          if (bound) picker.charge(server, selectionFor(), NOW_S)
          else picker.pick(selectionFor(), NOW_S)
        }
        const afterwards = new Set(sequence(picker, 3 * pool.totalWeight))
        assert.equal(afterwards.size, weights.length)
      },
    ),
  )
})

test('a draining server pays for its bound requests although it earns nothing', () => {
  const pool = weighted(1, 1)
  const [a, b] = pool.servers
  a!.overrideWith({ mode: 'drain' })
  new RoundRobin(pool).charge(a!, selectionFor(), NOW_S)
  assert.deepEqual([a!.currentWeight, b!.currentWeight], [-1, 1])
})

test('the limit of the debt counts the weights of servers that are down', () => {
  const pool = createPool([
    serverConfig('a'),
    serverConfig('b'),
    serverConfig('c', { weight: 8, down: true }),
  ])
  const [a] = pool.servers
  const picker = new RoundRobin(pool)
  // Each charge gives 1 and takes 2, until a has reached -(10 - 1).
  for (let i = 0; i < 50; i += 1) picker.charge(a!, selectionFor(), NOW_S)
  assert.equal(a!.currentWeight, -9)
})

test('a bound backup charges nobody', () => {
  const pool = createPool([
    serverConfig('a'),
    serverConfig('b'),
    serverConfig('x', { backup: true }),
  ])
  new RoundRobin(pool).charge(pool.backups[0]!, selectionFor(), NOW_S)
  assert.deepEqual(
    pool.servers.map((s) => s.currentWeight),
    [0, 0, 0],
  )
})
