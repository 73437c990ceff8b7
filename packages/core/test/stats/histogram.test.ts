import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  LatencyHistogram,
  type LatencySnapshot,
  latencyBoundsMs,
  mergeLatency,
  quantile,
} from '#core/stats/histogram.js'

const latencies = fc.array(fc.double({ min: 0, max: 120_000, noNaN: true }), { maxLength: 60 })

function recorded(values: readonly number[]): LatencySnapshot {
  const histogram = new LatencyHistogram()
  for (const ms of values) histogram.record(ms)
  return histogram.snapshot()
}

describe('A latency histogram', () => {
  test('has bounds that rise from 1 ms to 60 s', () => {
    assert.equal(latencyBoundsMs[0], 1)
    assert.equal(latencyBoundsMs.at(-1), 60_000)
    assert.deepEqual(
      latencyBoundsMs,
      [...new Set(latencyBoundsMs)].sort((a, b) => a - b),
    )
  })

  test('counts a latency under the first bound that it does not exceed', () => {
    const { counts } = recorded([0, 1, 1.001, 60_000, 60_000.5, 1e9])
    assert.equal(counts.length, latencyBoundsMs.length + 1)
    assert.deepEqual([counts[0], counts[1], counts.at(-2), counts.at(-1)], [2, 1, 1, 2])
  })

  test('puts every latency where a search from the first bound on would', () => {
    fc.assert(
      fc.property(latencies, (values) => {
        const expected = new Array<number>(latencyBoundsMs.length + 1).fill(0)
        for (const ms of values) {
          const index = latencyBoundsMs.findIndex((bound) => ms <= bound)
          expected[index === -1 ? latencyBoundsMs.length : index]! += 1
        }
        assert.deepEqual(recorded(values).counts, expected)
      }),
    )
  })

  test('sums up what it recorded', () => {
    assert.equal(recorded([0.5, 20, 300]).sum, 320.5)
  })

  test('gives a snapshot that later records do not change and JSON carries whole', () => {
    const histogram = new LatencyHistogram()
    histogram.record(7)
    const before = histogram.snapshot()
    const wire = JSON.stringify(before)
    histogram.record(7)
    assert.equal(JSON.stringify(before), wire)
    assert.deepEqual(JSON.parse(wire), before)
  })
})

describe('Merged histograms', () => {
  test('are the histogram of all that either recorded', () => {
    fc.assert(
      fc.property(latencies, latencies, (a, b) => {
        const merged = mergeLatency(recorded(a), recorded(b))
        const whole = recorded([...a, ...b])
        assert.deepEqual(merged.counts, whole.counts)
        assert.ok(Math.abs(merged.sum - whole.sum) <= 1e-9 * (1 + whole.sum))
      }),
    )
  })

  test('are refused when their bounds differ', () => {
    const own = recorded([5])
    const shorter = { bounds: own.bounds.slice(0, -1), counts: own.counts.slice(0, -1), sum: 5 }
    const other = { ...own, bounds: own.bounds.map((bound) => bound * 2) }
    assert.throws(() => mergeLatency(own, shorter), RangeError)
    assert.throws(() => mergeLatency(shorter, own), RangeError)
    assert.throws(() => mergeLatency(own, other), RangeError)
  })
})

describe('A quantile', () => {
  test('is unknown while nothing was recorded', () => {
    assert.equal(quantile(recorded([]), 0.5), undefined)
  })

  test('is read linearly between the bounds of its bucket', () => {
    const histogram = { bounds: [10, 20, 40], counts: [1, 2, 1, 0], sum: 0 }
    assert.equal(quantile(histogram, 0), 0)
    assert.equal(quantile(histogram, 0.25), 10)
    assert.equal(quantile(histogram, 0.5), 15)
    assert.equal(quantile(histogram, 0.75), 20)
    assert.equal(quantile(histogram, 1), 40)
  })

  test('skips empty buckets', () => {
    const histogram = { bounds: [10, 20, 40], counts: [0, 0, 4, 0], sum: 0 }
    assert.equal(quantile(histogram, 0), 20)
    assert.equal(quantile(histogram, 0.5), 30)
  })

  test('of what is slower than the last bound is that bound', () => {
    assert.equal(quantile(recorded([100_000]), 0.5), 60_000)
  })

  test('lies in the same bucket as the exact one', () => {
    const bucketOf = (ms: number) => latencyBoundsMs.findIndex((bound) => ms <= bound)
    const some = fc.array(fc.double({ min: 0.01, max: 60_000, noNaN: true }), { minLength: 1 })
    fc.assert(
      fc.property(some, fc.constantFrom(0.5, 0.9, 0.99, 1), (values, q) => {
        const sorted = [...values].sort((a, b) => a - b)
        const exact = sorted[Math.ceil(q * sorted.length) - 1]!
        assert.equal(bucketOf(quantile(recorded(values), q)!), bucketOf(exact))
      }),
    )
  })
})
