import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ServerCounters } from '#core/stats/counters.js'
import { mergeAffinity, mergeTotals } from '#core/stats/merge.js'
import type { ServerTotals } from '#core/stats/snapshot.js'

/** Totals in which every number differs from every other. */
function totals(from: number): ServerTotals {
  let next = from
  const number = () => next++
  const counters = new ServerCounters()
  counters.answered(200, number())
  return {
    active: number(),
    tunnels: number(),
    attempts: number(),
    retries: number(),
    requests: number(),
    responses: {
      '1xx': number(),
      '2xx': number(),
      '3xx': number(),
      '4xx': number(),
      '5xx': number(),
    },
    fails: {
      connect: number(),
      timeout: number(),
      reset: number(),
      invalid: number(),
      status: number(),
    },
    ejections: number(),
    ejectionsDetected: number(),
    latency: counters.latency.snapshot(),
    bytes: { in: number(), out: number() },
  }
}

/** All numbers of a value by their place, so that a sum can be checked place by place. */
function numbers(value: unknown, path = ''): Map<string, number> {
  if (typeof value === 'number') return new Map([[path, value]])
  const entries = Object.entries(value as object).filter(([key]) => key !== 'bounds')
  return new Map(entries.flatMap(([key, inner]) => [...numbers(inner, `${path}.${key}`)]))
}

describe('Merged totals of a server', () => {
  test('are the sum in every place', () => {
    const [a, b] = [totals(1), totals(1_000)]
    const expected = new Map(numbers(a))
    for (const [path, number] of numbers(b)) expected.set(path, expected.get(path)! + number)
    assert.deepEqual(numbers(mergeTotals(a, b)), expected)
  })

  test('take the ejections of a replica that detects none apart for those it detected', () => {
    const { ejectionsDetected: _, ...older } = totals(1)
    const newer = totals(1_000)
    const { ejectionsDetected } = mergeTotals(older, newer)
    assert.equal(ejectionsDetected, older.ejections + newer.ejectionsDetected!)
  })

  test('keep the buckets', () => {
    const a = totals(1)
    assert.equal(mergeTotals(a, totals(2)).latency.bounds, a.latency.bounds)
  })

  test('leave both sides as they were', () => {
    const [a, b] = [totals(1), totals(2)]
    mergeTotals(a, b)
    assert.deepEqual([a, b], [totals(1), totals(2)])
  })
})

describe('Merged affinity', () => {
  test('adds moves by their reason, those included that one side never saw', () => {
    const a = { kept: 1, new: 2, none: 3, moved: { ejected: 4, down: 5 } }
    const b = { kept: 10, new: 20, none: 30, moved: { ejected: 40, limit: 50 } }
    assert.deepEqual(mergeAffinity(a, b), {
      kept: 11,
      new: 22,
      none: 33,
      moved: { ejected: 44, down: 5, limit: 50 },
    })
  })

  test('takes a reason named __proto__ for a name like any other', () => {
    const foreign = JSON.parse('{"kept":0,"new":0,"none":0,"moved":{"__proto__":1}}')
    const { moved } = mergeAffinity(foreign, foreign)
    assert.deepEqual(Object.entries(moved), [['__proto__', 2]])
  })
})
