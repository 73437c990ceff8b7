import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { History } from '#stats/registry/history.js'
import { PromptRegistry } from '../fixtures/at-once.js'
import { FakeReplica } from '../fixtures/fleet.js'

const START_MS = 1_700_000_000_000 - (1_700_000_000_000 % 600_000)

describe('A history', () => {
  test('has the last hour at five seconds, and what nobody wrote is a gap', () => {
    const history = new History({ a: 'mean' })
    history.write(START_MS, { a: 1 })
    history.write(START_MS + 10_000, { a: 3 })
    const { fromMs, stepMs, series } = history.read(20_000, START_MS + 14_999)
    assert.deepEqual([fromMs, stepMs, series.a], [START_MS - 5_000, 5_000, [null, 1, null, 3]])
  })

  test('has the last day at two minutes: means, sums and peaks', () => {
    const history = new History({ mean: 'mean', sum: 'sum', peak: 'peak' })
    for (let i = 0; i < 24; i += 1) {
      history.write(START_MS + i * 5_000, { mean: i % 2, sum: 1, peak: i })
    }
    const { stepMs, series } = history.read(86_400_000, START_MS + 119_000)
    assert.equal(stepMs, 120_000)
    assert.deepEqual([series.mean.at(-1), series.sum.at(-1), series.peak.at(-1)], [0.5, 24, 23])
  })

  test('forgets what is older, however long it runs', () => {
    const history = new History({ a: 'mean' })
    for (let i = 0; i < 5_000; i += 1) history.write(START_MS + i * 5_000, { a: i })
    const { series } = history.read(3_600_000, START_MS + 4_999 * 5_000)
    assert.equal(series.a.length, 720)
    assert.deepEqual([series.a[0], series.a.at(-1)], [4_280, 4_999])
  })
})

test('while no replica is heard, the past has a hole and not zeros', () => {
  const registry = new PromptRegistry({
    intervalMs: 1_000,
    silentAfterMs: 10_000,
    expireAfterMs: 600_000,
  })
  const one = new FakeReplica('a', START_MS, ['x'])
  let nowMs = START_MS
  const run = (seconds: number, isHeard: boolean): void => {
    for (let i = 0; i < seconds; i += 1) {
      nowMs += 1_000
      one.serve('x', 5)
      if (isHeard) registry.observe(one.snapshot(nowMs), nowMs)
      registry.pass(nowMs)
    }
  }
  run(60, true)
  run(60, false)
  run(60, true)
  const past = registry.upstreams.get('shop')?.history.read(180_000, nowMs - 1)
  const rates = past?.series.requestsPerSecond ?? []
  // Twelve slots a minute; the edges of the silence may be half known.
  assert.ok(rates.filter((rate) => rate === 1).length >= 22)
  assert.ok(rates.filter((rate) => rate === null).length >= 10)
  // What was served meanwhile is counted, and is no burst.
  assert.ok(rates.every((rate) => rate === null || rate <= 1))
  const served = registry.upstreams.get('shop')?.servers.get('x')?.track.total[0]
  assert.equal(served, 180)
})

test('a slot that was written late makes no spike of the next one', () => {
  const registry = new PromptRegistry({
    intervalMs: 1_000,
    silentAfterMs: 10_000,
    expireAfterMs: 600_000,
  })
  const one = new FakeReplica('a', START_MS, ['x'])
  // A look every second; the one that should have come at 25 s is held up until 28.9.
  const looks = [...Array.from({ length: 25 }, (_, i) => i * 1_000), 28_900, 30_000, 31_000, 35_000]
  let servedMs = 0
  for (const atMs of looks) {
    for (; servedMs < atMs; servedMs += 100) one.serve('x', 5)
    registry.observe(one.snapshot(START_MS + atMs), START_MS + atMs)
    registry.pass(START_MS + atMs)
  }
  const past = registry.upstreams.get('shop')?.history.read(60_000, START_MS + 35_000)
  for (const rate of past?.series.requestsPerSecond ?? []) {
    assert.ok(rate === null || (rate > 9 && rate < 11), `${rate} a second`)
  }
})
