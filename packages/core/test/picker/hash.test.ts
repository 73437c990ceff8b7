import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 as zlibCrc32 } from 'node:zlib'
import fc from 'fast-check'
import { createHash } from '#core/picker/hash.js'
import { attempts, eject, equalServers, NOW_S, selectionFor, weighted } from './fixtures.js'

test('the keys of nginx go to its servers', () => {
  const home = (weights: number[], key: string) =>
    createHash(weighted(...weights)).pick(selectionFor(key), NOW_S)?.address
  assert.deepEqual(
    ['a', '1', 'foo', 'user-42'].map((key) => home([1, 1, 1], key)),
    ['c', 'b', 'b', 'c'],
  )
  assert.deepEqual(
    ['a', '1', 'foo', 'user-42'].map((key) => home([2, 3, 1], key)),
    ['c', 'b', 'a', 'b'],
  )
})

/** The chain of nginx/semantics 3.2 in plain words: where the nth look of a request falls. */
function landings(key: string, weights: readonly number[], count: number): number[] {
  const line = weights.flatMap((weight, i) => new Array<number>(weight).fill(i))
  let hash = 0
  return Array.from({ length: count }, (_, rehash) => {
    const crc = zlibCrc32(Buffer.from(`${rehash === 0 ? '' : rehash}${key}`, 'latin1'))
    hash += (crc >>> 16) & 0x7fff
    return line[hash % line.length]!
  })
}

test('the attempts of a request follow the chain of rehashes, past servers in use', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 5 }),
      fc.string({ minLength: 1 }),
      (weights, key) => {
        const pool = weighted(...weights)
        const reached = attempts(createHash(pool), selectionFor(key))
        const chain = [...new Set(landings(key, weights, 20))]
        const inOrder = reached.slice(0, chain.length).map((server) => pool.servers.indexOf(server))
        assert.deepEqual(inOrder, chain)
      },
    ),
  )
})

test('servers that are down keep their place, so no other key moves', () => {
  const pool = weighted(2, 1, 3, 1)
  const picker = createHash(pool)
  const keys = Array.from({ length: 500 }, (_, i) => `user-${i}`)
  const before = keys.map((key) => picker.pick(selectionFor(key), NOW_S))
  const [, , away] = pool.servers
  away!.overrideWith({ mode: 'down' })
  keys.forEach((key, i) => {
    const now = picker.pick(selectionFor(key), NOW_S)
    assert.ok(before[i] === away ? now !== away : now === before[i])
  })
})

test('after 21 looks in vain the list is walked on from the last one', () => {
  const weights = Array.from({ length: 60 }, () => 1)
  const pool = equalServers(60)
  const [key, chain] = ['alice', landings('alice', weights, 21)]
  const last = chain.at(-1)!
  for (const server of pool.servers) eject(server)
  const open = [7, 31, 59].map((ahead) => (last + ahead) % 60).filter((i) => !chain.includes(i))
  assert.ok(open.length >= 2)
  for (const i of open) pool.servers[i]!.fails = 0
  const reached = attempts(createHash(pool), selectionFor(key))
  assert.deepEqual(
    reached.map((server) => pool.servers.indexOf(server)),
    open,
  )
})

test('keys spread by weight', () => {
  const pool = weighted(1, 2, 5)
  const picker = createHash(pool)
  const counts = new Map<string, number>()
  for (let i = 0; i < 20_000; i += 1) {
    const address = picker.pick(selectionFor(`session-${i}`), NOW_S)!.address
    counts.set(address, (counts.get(address) ?? 0) + 1)
  }
  for (const { address, weight } of pool.servers) {
    const expected = (20_000 * weight) / pool.totalWeight
    assert.ok(
      Math.abs(counts.get(address)! / expected - 1) < 0.1,
      `${address}: ${counts.get(address)}`,
    )
  }
})
