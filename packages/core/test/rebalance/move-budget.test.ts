import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MoveBudget } from '#core/rebalance/move-budget.js'

const FOREVER = Number.POSITIVE_INFINITY

/** How many moves each minute from any moment on holds, at most. */
function mostInAMinute(moves: readonly number[]): number {
  return Math.max(
    0,
    ...moves.map((start) => moves.filter((at) => at >= start && at < start + 60_000).length),
  )
}

test('no minute ever holds more moves than it may, however requests come', () => {
  const gaps = fc.array(fc.nat(3_000), { minLength: 100, maxLength: 300 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), gaps, (perMinute, steps) => {
      const budget = new MoveBudget(perMinute, 0)
      const moves: number[] = []
      let nowMs = 0
      for (const step of steps) {
        nowMs += step
        while (budget.take(FOREVER, nowMs)) moves.push(nowMs)
      }
      assert.ok(mostInAMinute(moves) <= perMinute, `${mostInAMinute(moves)} of ${perMinute}`)
    }),
    { numRuns: 50 },
  )
})

test('what is wanted is moved at nine tenths of the budget or more', () => {
  for (const perMinute of [1, 5, 60, 600]) {
    const budget = new MoveBudget(perMinute, 0)
    let moves = 0
    for (let nowMs = 0; nowMs < 600_000; nowMs += 10) if (budget.take(FOREVER, nowMs)) moves += 1
    assert.ok(moves >= 10 * perMinute * 0.9 - 1, `${moves} of ${10 * perMinute}`)
  }
})

test('the more of the budget is spent, the longer a session must have been idle', () => {
  const budget = new MoveBudget(600, 0)
  assert.equal(budget.take(0, 0), true)
  for (let spent = 1; spent < 30; spent += 1) budget.take(FOREVER, 0)
  assert.equal(budget.take(29_000, 0), false)
  assert.equal(budget.take(30_000, 0), true)
})

test('busy sessions move too when no idle one has come for a while', () => {
  const budget = new MoveBudget(600, 0)
  while (budget.take(FOREVER, 0));
  assert.equal(budget.take(0, 3_000), false)
  assert.equal(budget.take(0, 7_000), true)
})
