import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSeededRandom } from '#core/kernel/random.js'
import { BoundedLoad } from '#core/picker/bounded-load.js'
import { createPicker } from '#core/picker/create-picker.js'
import { LeastConn } from '#core/picker/least-conn.js'
import type { BalanceConfig } from '#core/picker/picker.js'
import { RoundRobin } from '#core/picker/round-robin.js'
import { Single } from '#core/picker/single.js'
import { createPool } from '#core/servers/pool.js'
import {
  hashConsistent,
  hashPlain,
  NOW_S,
  selectionFor,
  sequence,
  serverConfig,
  weighted,
} from './fixtures.js'

const everyBalance: readonly BalanceConfig[] = [
  { kind: 'round-robin' },
  { kind: 'least-conn' },
  { kind: 'random' },
  { kind: 'random-two' },
  { kind: 'ip-hash' },
  hashPlain,
  hashConsistent,
  { ...hashConsistent, loadFactor: 1.25 },
]

const create = (balance: BalanceConfig, pool = weighted(1, 1)) =>
  createPicker(balance, pool, createSeededRandom(1))

test('a lone server is the only choice under every policy', () => {
  for (const balance of everyBalance) {
    assert.ok(create(balance, weighted(1)) instanceof Single, balance.kind)
  }
})

test('one primary with backups leaves nothing to hash or draw: round robin serves', () => {
  const pool = createPool([serverConfig('a'), serverConfig('x', { backup: true })])
  for (const balance of everyBalance) {
    const expected = balance.kind === 'least-conn' ? LeastConn : RoundRobin
    assert.ok(create(balance, pool) instanceof expected, balance.kind)
  }
})

test('a hash without a key is round robin', () => {
  for (const balance of [hashPlain, hashConsistent, { ...hashConsistent, loadFactor: 2 }]) {
    const pool = weighted(5, 1, 1)
    assert.equal(sequence(create(balance, pool), 7).join(''), 'aabacaa')
  }
})

test('a load factor wraps either hash', () => {
  assert.ok(create({ ...hashPlain, loadFactor: 2 }) instanceof BoundedLoad)
  assert.ok(create({ ...hashConsistent, loadFactor: 2 }) instanceof BoundedLoad)
  assert.ok(!(create(hashConsistent) instanceof BoundedLoad))
})

test('no policy but round robin charges for bound requests', () => {
  for (const balance of everyBalance.filter(({ kind }) => kind !== 'round-robin')) {
    const pool = weighted(1, 1)
    create(balance, pool).charge(pool.servers[0]!, selectionFor('key'), NOW_S)
    assert.deepEqual(
      pool.servers.map((server) => server.currentWeight),
      [0, 0],
      balance.kind,
    )
  }
})
