import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiscoveredReader } from '#core/options/discovered.js'
import type { BalanceConfig } from '#core/picker/picker.js'

const reader = (balance: BalanceConfig = { kind: 'round-robin' }) =>
  new DiscoveredReader({ balance })

test('entries that are right are servers, in either of their forms', () => {
  const { servers, problems } = reader().read(['a:1', { address: 'https://b:1', weight: 3 }])
  assert.deepEqual(
    servers.map(({ address, tls, weight }) => [address, tls, weight]),
    [
      ['a:1', false, 1],
      ['b:1', true, 3],
    ],
  )
  assert.deepEqual(problems, [])
})

test('what is wrong is told with its place, and its address is not lost', () => {
  const { servers, unclear, problems } = reader().read(['a:1', { address: 'b:1', weight: 0 }, null])
  assert.deepEqual(
    servers.map(({ address }) => address),
    ['a:1'],
  )
  assert.deepEqual(unclear, ['b:1'])
  assert.match(problems[0] ?? '', /^\[1\]\.weight: must be a whole number, 1 to 65535/)
  assert.match(problems[1] ?? '', /^\[2\]/)
})

test('a backup is refused where the balance knows none', () => {
  const { problems } = reader({ kind: 'ip-hash' }).read(['a:1', { address: 'b:1', backup: true }])
  assert.deepEqual(problems, ["[1].backup: has no meaning with balance 'ip-hash'"])
})

test('of more than a thousand the first are used, and the rest is told once', () => {
  const many = Array.from({ length: 5_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}:80`)
  const { servers, problems } = reader().read(many)
  assert.equal(servers.length, 1_000)
  assert.deepEqual(problems, ['[1000]: is one more than the 1000 servers that are used'])
})

test('what stood in the last list is taken as it was read then', () => {
  const it = reader()
  const [first] = it.read(['a:1', 'b:1']).servers
  const again = it.read(['c:1', 'a:1']).servers
  assert.equal(again[1], first)
  assert.notEqual(it.read([{ address: 'a:1', weight: 2 }]).servers[0], first)
})
