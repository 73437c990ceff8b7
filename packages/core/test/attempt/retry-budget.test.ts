import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { RetryBudget } from '#core/attempt/retry-budget.js'

/** Retries that are granted of `asked` at one moment. */
function granted(budget: RetryBudget, nowMs: number, asked = 1_000): number {
  let count = 0
  for (let i = 0; i < asked; i += 1) if (budget.tryRetry(nowMs)) count += 1
  return count
}

function requests(budget: RetryBudget, nowMs: number, count: number): void {
  for (let i = 0; i < count; i += 1) budget.request(nowMs)
}

describe('A retry budget', () => {
  test('grants its share of the requests', () => {
    const budget = new RetryBudget({ ratio: 0.2, minPerSecond: 0 })
    requests(budget, 0, 100)
    assert.equal(granted(budget, 0), 20)
  })

  test('grants the free retries of every second without a request', () => {
    const budget = new RetryBudget({ ratio: 0.2, minPerSecond: 3 })
    for (const nowMs of [0, 1_000, 2_999, 3_000]) assert.equal(granted(budget, nowMs), 3)
    assert.equal(granted(budget, 3_999), 0)
  })

  test('grants the free retries on top of the share', () => {
    const budget = new RetryBudget({ ratio: 0.2, minPerSecond: 3 })
    requests(budget, 0, 100)
    assert.equal(granted(budget, 0), 23)
    assert.equal(granted(budget, 1_000), 3)
  })

  test('grants nothing when both are 0', () => {
    const budget = new RetryBudget({ ratio: 0, minPerSecond: 0 })
    requests(budget, 0, 100)
    assert.equal(granted(budget, 0), 0)
  })

  test('counts requests for 10 seconds, the current one included', () => {
    const budget = new RetryBudget({ ratio: 0.2, minPerSecond: 0 })
    requests(budget, 5_500, 10)
    assert.equal(granted(budget, 14_999, 1), 1)
    assert.equal(granted(budget, 15_000), 0)
  })

  test('counts retries for 10 seconds as well', () => {
    const budget = new RetryBudget({ ratio: 0.5, minPerSecond: 0 })
    requests(budget, 0, 2)
    assert.equal(granted(budget, 0), 1)
    requests(budget, 9_000, 2)
    assert.equal(granted(budget, 9_000), 1)
    requests(budget, 10_000, 1)
    assert.equal(granted(budget, 10_000), 0)
    requests(budget, 10_000, 1)
    assert.equal(granted(budget, 10_000), 1)
  })

  test('has forgotten everything after any silence of 10 seconds', () => {
    for (const silenceMs of [10_000, 19_000, 20_000, 1e9]) {
      const budget = new RetryBudget({ ratio: 0.2, minPerSecond: 0 })
      requests(budget, 0, 100)
      assert.equal(granted(budget, 0), 20)
      assert.equal(granted(budget, silenceMs), 0)
      requests(budget, silenceMs, 5)
      assert.equal(granted(budget, silenceMs), 1)
    }
  })

  test('keeps to its bound whatever comes, and grants whatever the bound leaves', () => {
    const step = fc.record({
      kind: fc.constantFrom('request', 'request', 'request', 'retry'),
      waitMs: fc.constantFrom(0, 0, 1, 300, 999, 4_000, 11_000),
    })
    const limits = fc.record({
      // Eighths are exact in binary, so the bound has no rounding to argue about.
      ratio: fc.constantFrom(0, 0.125, 0.25, 0.5, 1),
      minPerSecond: fc.integer({ min: 0, max: 3 }),
    })
    fc.assert(
      fc.property(limits, fc.array(step, { maxLength: 200 }), (of, steps) => {
        const budget = new RetryBudget(of)
        const seconds = { request: [] as number[], free: [] as number[], charged: [] as number[] }
        let nowMs = 0
        for (const { kind, waitMs } of steps) {
          nowMs += waitMs
          const second = Math.floor(nowMs / 1_000)
          const lately = (of: readonly number[]) => of.filter((at) => at > second - 10).length
          if (kind === 'request') {
            budget.request(nowMs)
            seconds.request.push(second)
            continue
          }
          const isFree = seconds.free.filter((at) => at === second).length < of.minPerSecond
          const isInShare = lately(seconds.charged) < Math.floor(of.ratio * lately(seconds.request))
          assert.equal(budget.tryRetry(nowMs), isFree || isInShare)
          if (isFree) seconds.free.push(second)
          else if (isInShare) seconds.charged.push(second)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
