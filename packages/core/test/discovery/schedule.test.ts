import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LONGEST_PAUSE_MS, nextLookupMs, restartMs } from '#core/discovery/schedule.js'
import { createSeededRandom, type Random } from '#core/kernel/random.js'

const never: Random = { below: () => 0, fill: () => {} }

test('a name is looked up again when its time to live ends', () => {
  assert.equal(nextLookupMs(3_000, 5_000, never), 3_000)
})

test('the interval is the longest wait, and the only one where no time to live is told', () => {
  assert.equal(nextLookupMs(86_400_000, 5_000, never), 5_000)
  assert.equal(nextLookupMs(undefined, 5_000, never), 5_000)
})

test('a time to live of 0 does not have the name server asked without a pause', () => {
  assert.equal(nextLookupMs(0, 5_000, never), 1_000)
  assert.equal(nextLookupMs(0, 300, never), 300)
})

test('waits are spread by a tenth, and never beyond the interval', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(100_000), fc.integer({ min: 100, max: 60_000 }), (...given) => {
      const [seed, ttlMs, resolveMs] = given
      const random = createSeededRandom(seed)
      const wanted = nextLookupMs(ttlMs, resolveMs, never)
      const waits = Array.from({ length: 20 }, () => nextLookupMs(ttlMs, resolveMs, random))
      for (const wait of waits) assert.ok(wait <= wanted && wait >= Math.floor(wanted * 0.9))
      assert.ok(new Set(waits).size > 1)
    }),
  )
})

test('a source that fails is started again after a second, then ever later, up to half a minute', () => {
  const pauses = [1, 2, 3, 4, 5, 6, 7].map((failures) => restartMs(failures, never))
  assert.deepEqual(pauses, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  assert.equal(restartMs(10_000, never), LONGEST_PAUSE_MS)
})

test('replicas whose source failed together do not start it again together', () => {
  const pauses = Array.from({ length: 20 }, (_, seed) => restartMs(3, createSeededRandom(seed)))
  for (const pause of pauses) assert.ok(pause > 2_000 && pause <= 4_000)
  assert.ok(new Set(pauses).size > 10)
})
