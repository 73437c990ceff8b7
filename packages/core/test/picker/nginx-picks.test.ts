import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { byteString } from '#core/kernel/bytes.js'
import { createSeededRandom } from '#core/kernel/random.js'
import { createPicker } from '#core/picker/create-picker.js'
import type { BalanceConfig } from '#core/picker/picker.js'
import { createPool } from '#core/servers/pool.js'
import {
  hashConsistent,
  hashPlain,
  NOW_S,
  selectionFor,
  sequence,
  serverConfig,
} from './fixtures.js'

interface Case {
  readonly name: string
  readonly method: 'hash consistent' | 'hash' | 'ip_hash' | 'round_robin'
  readonly servers: ReadonlyArray<{ address: string; weight: number; down?: boolean }>
  /** Key or client address, and the server that took the request. */
  readonly picks?: ReadonlyArray<readonly [string, string]>
  readonly sequence?: readonly string[]
}

const file = new URL('../../test/picker/vectors/picks.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: readonly Case[] }

const balances: Record<Case['method'], BalanceConfig> = {
  'hash consistent': hashConsistent,
  hash: hashPlain,
  ip_hash: { kind: 'ip-hash' },
  round_robin: { kind: 'round-robin' },
}

for (const { name, method, servers, picks, sequence: expected } of cases) {
  test(`a running nginx chose the same servers: ${name}`, () => {
    const pool = createPool(servers.map(({ address, ...rest }) => serverConfig(address, rest)))
    const picker = createPicker(balances[method], pool, createSeededRandom(1))
    if (expected !== undefined) assert.deepEqual(sequence(picker, expected.length), expected)
    for (const [subject, address] of picks ?? []) {
      const selection =
        method === 'ip_hash' ? selectionFor('', subject) : selectionFor(byteString(subject))
      assert.equal(picker.pick(selection, NOW_S)?.address, address, subject)
    }
  })
}

test('the recorded selections are all there', () => {
  const count = cases.reduce((sum, c) => sum + (c.picks ?? c.sequence ?? []).length, 0)
  assert.equal(count, 1_290)
})
