import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type CheckResult, judge, resultOf, unchecked } from '#core/health/active.js'

const RULES = { rise: 2, fall: 3 }

/** The condition after each result; p, f and d for pass, fail and drain. */
function conditions(letters: string, rules = RULES): string {
  const results = { p: 'pass', f: 'fail', d: 'drain' } as const
  let state = unchecked
  return [...letters]
    .map((letter) => {
      state = judge(state, results[letter as 'p' | 'f' | 'd'], rules)
      return state.condition[0]
    })
    .join('')
}

describe('A checked server', () => {
  test('is sick after as many fails in a row as `fall` says, and no sooner', () => {
    assert.equal(conditions('fff'), 'wws')
    assert.equal(conditions('ffpffpfff'), 'wwwwwwwws')
  })

  test('is well after as many passes in a row as `rise` says', () => {
    assert.equal(conditions('fffpp'), 'wwssw')
    assert.equal(conditions('fffpfpp'), 'wwssssw')
  })

  test('is drained at its first 404, and no longer at its first pass', () => {
    assert.equal(conditions('pddpp'), 'wddww')
  })

  test('can fall sick while it is drained', () => {
    assert.equal(conditions('dfff'), 'ddds')
    assert.equal(conditions('dffdfff'), 'dddddds')
  })

  test('that is sick and says 404 is drained after `rise`: it lives, and wants nothing new', () => {
    assert.equal(conditions('fffdd'), 'wwssd')
    assert.equal(conditions('fffdp'), 'wwssw')
    assert.equal(conditions('fffpd'), 'wwssd')
  })

  test('needs one result with rise and fall of 1', () => {
    assert.equal(conditions('fpfdf', { rise: 1, fall: 1 }), 'swsds')
  })

  test('is what the latest results say, whatever came before', () => {
    const result = fc.constantFrom<CheckResult>('pass', 'fail', 'drain')
    const rules = fc.record({
      rise: fc.integer({ min: 1, max: 4 }),
      fall: fc.integer({ min: 1, max: 4 }),
    })
    fc.assert(
      fc.property(fc.array(result), rules, (results, { rise, fall }) => {
        const after = (more: CheckResult, count: number) =>
          [...results, ...Array.from({ length: count }, () => more)].reduce(
            (state, one) => judge(state, one, { rise, fall }),
            unchecked,
          ).condition
        assert.equal(after('fail', fall), 'sick')
        assert.equal(after('pass', rise), 'well')
        assert.equal(after('drain', rise), 'drain')
      }),
    )
  })
})

describe('The status of a check', () => {
  const usual = [{ from: 200, to: 399 }]

  test('passes from the first to the last status of a range', () => {
    assert.deepEqual(
      [200, 302, 399, 400, 503].map((status) => resultOf(status, usual)),
      ['pass', 'pass', 'pass', 'fail', 'fail'],
    )
  })

  test('asks for a drain with 404, unless that is what is expected', () => {
    assert.equal(resultOf(404, usual), 'drain')
    assert.equal(resultOf(404, [...usual, { from: 404, to: 404 }]), 'pass')
  })
})
