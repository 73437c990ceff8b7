import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { transition } from '#core/health/passive.js'
import { createSeededRandom } from '#core/kernel/random.js'
import { createPicker } from '#core/picker/create-picker.js'
import type { BalanceConfig } from '#core/picker/picker.js'
import { createPool, type Pool } from '#core/servers/pool.js'
import type { Server, ServerConfig } from '#core/servers/server.js'
import { modesOf, startSlowlyAfter } from '#core/servers/slow-start.js'
import { Upstream } from '#core/upstream.js'
import { hashConsistent, hashPlain, NOW_S, selectionFor, serverConfig } from '../picker/fixtures.js'

const SLOW: Partial<ServerConfig> = { slowStartS: 32 }

/** a and b, as heavy; b has just come back. */
function justBack(rest: Partial<ServerConfig> = {}): { pool: Pool; b: Server } {
  const pool = createPool([serverConfig('a', rest), serverConfig('b', { ...rest, ...SLOW })])
  const b = pool.servers[1]!
  b.startSlowly(NOW_S)
  return { pool, b }
}

/** How many of `count` sessions, one after another, `b` gets. */
function shareOfB(balance: BalanceConfig, pool: Pool, count: number, nowS: number): number {
  const picker = createPicker(balance, pool, createSeededRandom(1))
  let hits = 0
  for (let i = 0; i < count; i += 1) {
    const server = picker.pick(selectionFor(`key ${i}`, `10.${i >> 8}.${i & 255}.1`), nowS)
    if (server?.address === 'b') hits += 1
  }
  return hits
}

describe('The weight of a server that starts slowly', () => {
  test('grows in sixteenths, from one at its return to all at the end', () => {
    const { b } = justBack({ weight: 16 })
    const weights = [0, 1, 2, 4, 16, 30, 31, 32, 1_000].map((s) => b.weightNow(NOW_S + s))
    assert.deepEqual(weights, [1, 1, 2, 3, 9, 16, 16, 16, 16])
  })

  test('is all there at once without slowStart', () => {
    const [server] = createPool([serverConfig('a', { weight: 16 })]).servers
    server!.startSlowly(NOW_S)
    assert.equal(server!.weightNow(NOW_S), 16)
  })

  test('grows as it began when the list brings another slowStart meanwhile', () => {
    const { pool, b } = justBack()
    createPool([serverConfig('a'), serverConfig('b', { slowStartS: 0 })], pool)
    assert.equal(b.warmth(NOW_S + 16), 9 / 16)
  })
})

describe('A server that starts slowly', () => {
  const roundRobin = { kind: 'round-robin' } as const

  test('gets a sixteenth against the other at first, and half in the end, by round robin', () => {
    const { pool } = justBack()
    assert.equal(shareOfB(roundRobin, pool, 170, NOW_S), 10)
    assert.equal(shareOfB(roundRobin, pool, 240, NOW_S + 14), 80)
    assert.equal(shareOfB(roundRobin, pool, 100, NOW_S + 32), 50)
  })

  test('gets back what failures took from its weight as fast as any other', () => {
    const { pool, b } = justBack({ weight: 7 })
    b.effectiveWeight = 3
    shareOfB(roundRobin, pool, 4, NOW_S)
    assert.equal(b.effectiveWeight, 7)
  })

  test('leaves round robin exact: what all have earned is what all have paid', () => {
    const { pool } = justBack({ weight: 7 })
    for (let s = 0; s < 40; s += 1) shareOfB(roundRobin, pool, 13, NOW_S + s)
    assert.equal(
      pool.servers.reduce((sum, { currentWeight }) => sum + currentWeight, 0),
      0,
    )
  })

  for (const kind of ['least-conn', 'random-two'] as const) {
    test(`carries its part of the connections by ${kind}`, () => {
      const { pool, b } = justBack({ weight: 2 })
      const picker = createPicker({ kind }, pool, createSeededRandom(1))
      for (let i = 0; i < 170; i += 1) picker.pick(selectionFor(), NOW_S)!.active += 1
      assert.ok(Math.abs(b.active - 10) <= 1, `${b.active} of 170`)
    })
  }

  test('is drawn a sixteenth as often as the other by random', () => {
    const { pool } = justBack()
    const hits = shareOfB({ kind: 'random' }, pool, 17_000, NOW_S)
    assert.ok(Math.abs(hits - 1_000) < 150, `${hits} of 17,000`)
  })

  for (const balance of [hashConsistent, hashPlain, { kind: 'ip-hash' }] as const) {
    const name = balance.kind === 'hash' ? `hash, consistent: ${balance.consistent}` : balance.kind
    test(`keeps every key in its place with ${name}`, () => {
      const { pool } = justBack()
      assert.equal(shareOfB(balance, pool, 500, NOW_S), shareOfB(balance, pool, 500, NOW_S + 1_000))
    })
  }
})

describe('A slow start begins', () => {
  const back = (): Pool => createPool([serverConfig('a', { ...SLOW, maxFails: 1 })])
  const isSlow = (server: Server, nowS: number): boolean => server.warmth(nowS) < 1

  test('when a probe brings an ejected server back', () => {
    const [server] = back().servers as [Server]
    for (const event of ['pick', 'fail'] as const) transition(server, event, NOW_S, false)
    transition(server, 'pick', NOW_S + 11, false)
    assert.equal(isSlow(server, NOW_S + 11), false)
    transition(server, 'ok', NOW_S + 12, false)
    assert.equal(server.warmth(NOW_S + 12), 1 / 16)
  })

  test('not when fails that ejected nobody are forgiven', () => {
    const [server] = createPool([serverConfig('a', { ...SLOW, maxFails: 3 })]).servers as [Server]
    transition(server, 'fail', NOW_S, false)
    transition(server, 'pick', NOW_S + 11, false)
    transition(server, 'ok', NOW_S + 11, false)
    assert.equal(isSlow(server, NOW_S + 11), false)
  })

  test('when a server is no longer down, but not when it is no longer draining', () => {
    const pool = back()
    const [server] = pool.servers as [Server]
    for (const [mode, slow] of [
      ['drain', false],
      ['down', true],
    ] as const) {
      server.overrideWith({ mode })
      const before = modesOf(pool.servers)
      server.overrideWith({})
      startSlowlyAfter(before, pool.servers, NOW_S)
      assert.equal(isSlow(server, NOW_S), slow, mode)
    }
  })

  test('when a server joins, and for nobody else', () => {
    const pool = back()
    const next = createPool([serverConfig('a', SLOW), serverConfig('new', SLOW)], pool)
    startSlowlyAfter(modesOf(pool.servers), next.servers, NOW_S)
    assert.deepEqual(
      next.servers.map((server) => isSlow(server, NOW_S)),
      [false, true],
    )
  })

  test('not for a server that joins as down', () => {
    const next = createPool([serverConfig('new', { ...SLOW, down: true })])
    startSlowlyAfter(new Map(), next.servers, NOW_S)
    assert.equal(isSlow(next.servers[0]!, NOW_S), false)
  })
})

describe('An upstream has servers start slowly', () => {
  const slow = (address: string) => ({ address, slowStart: '32s' })

  function given(addresses: string) {
    const clock = { now: () => NOW_S * 1000, wall: () => 1_700_000_000_000 }
    const servers = [...addresses].map(slow)
    const upstream = new Upstream(
      { name: 'shop', servers },
      { clock, random: createSeededRandom(1) },
    )
    const weights = () => upstream.snapshot().servers.map(({ effectiveWeight }) => effectiveWeight)
    return { upstream, weights }
  }

  test('but not when it starts itself', () => {
    assert.deepEqual(given('ab').weights(), [1, 1])
  })

  test('when an update adds them', () => {
    const { upstream, weights } = given('ab')
    upstream.update({ servers: [...'abc'].map(slow) })
    assert.deepEqual(weights(), [1, 1, 1 / 16])
  })

  test('when an update has them up again', () => {
    const { upstream, weights } = given('ab')
    upstream.update({ servers: [slow('a'), { ...slow('b'), down: true }] })
    upstream.update({ servers: [...'ab'].map(slow) })
    assert.deepEqual(weights(), [1, 1 / 16])
  })

  test('when the operator has them up again', () => {
    const { upstream, weights } = given('ab')
    upstream.override('b', { mode: 'down' })
    assert.deepEqual(weights(), [1, 1])
    upstream.override('b', {})
    assert.deepEqual(weights(), [1, 1 / 16])
  })
})
