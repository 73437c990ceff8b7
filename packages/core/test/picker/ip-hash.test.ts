import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createIpHash } from '#core/picker/ip-hash.js'
import { attempts, eject, equalServers, NOW_S, selectionFor, weighted } from './fixtures.js'

/** The hash after the first look, which the picker leaves in the selection. */
function hashOf(address: string): number {
  const selection = selectionFor('', address)
  createIpHash(weighted(1, 1)).pick(selection, NOW_S)
  return selection.hash
}

for (const [address, hash] of [
  ['127.0.0.1', 4040],
  ['127.0.0.255', 4040],
  ['10.0.0.7', 2565],
  ['192.168.1.20', 154],
  ['203.0.113.9', 2592],
  ['::1', 5945],
  ['2001:db8::1', 2600],
  ['unix:', 295],
  ['', 295],
  ['not an address', 295],
] as const) {
  test(`'${address}' hashes to ${hash}, as in nginx`, () => assert.equal(hashOf(address), hash))
}

test('neighbours in a network of 256 share a server, whatever was asked before', () => {
  const picker = createIpHash(weighted(1, 2, 3))
  fc.assert(
    fc.property(fc.ipV4(), fc.nat({ max: 255 }), fc.ipV6(), (address, host, other) => {
      const one = picker.pick(selectionFor('', address), NOW_S)
      picker.pick(selectionFor('', other), NOW_S)
      const neighbour = address.replace(/\d+$/, String(host))
      assert.equal(picker.pick(selectionFor('', neighbour), NOW_S), one)
    }),
  )
})

test('the next look feeds the same bytes to the hash of the last', () => {
  const bytes = [192, 168, 1]
  const pool = weighted(1, 1, 1, 1)
  let hash = 89
  const chain = new Set<number>()
  for (let look = 0; look < 20; look += 1) {
    for (const byte of bytes) hash = (hash * 113 + byte) % 6271
    chain.add(hash % 4)
  }
  const reached = attempts(createIpHash(pool), selectionFor('', '192.168.1.20'))
  assert.deepEqual(
    reached.slice(0, chain.size).map((server) => pool.servers.indexOf(server)),
    [...chain],
  )
})

test('every client finds the last of 100 servers', () => {
  const pool = equalServers(100)
  for (const server of pool.servers.slice(0, -1)) eject(server)
  const picker = createIpHash(pool)
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
      assert.equal(picker.pick(selectionFor('', address), NOW_S), pool.servers.at(-1))
    }),
  )
})
