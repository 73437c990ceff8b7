import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { applyPatch } from '#stats/dashboard/model.js'
import type { JsonObject } from '#stats/wire/merge-patch.js'
import { mergePatch } from '../fixtures/at-once.js'

const name = fc.oneof(
  fc.constantFrom('a', 'b', 'shop-1', '__proto__', 'constructor', '7'),
  fc.string(),
)

const { object } = fc.letrec<{ object: JsonObject; value: JsonObject[string] }>((tie) => ({
  object: fc
    .array(fc.tuple(name, tie('value')), { maxLength: 5 })
    .map((pairs) => Object.fromEntries(pairs)),
  value: fc.oneof(
    { depthSize: 'small' },
    fc.integer(),
    fc.boolean(),
    fc.string({ maxLength: 3 }),
    fc.array(fc.integer(), { maxLength: 3 }),
    tie('object') as fc.Arbitrary<JsonObject>,
  ),
}))

const overTheWire = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

test('the dashboard has what the sidecar has after any changes, names of any kind included', () => {
  fc.assert(
    fc.property(
      fc.array(object as fc.Arbitrary<JsonObject>, { minLength: 2, maxLength: 5 }),
      (states) => {
        let shown = applyPatch(undefined, overTheWire(states[0]))
        for (const [i, state] of states.entries()) {
          const patch = mergePatch(states[i - 1] ?? {}, state)
          if (i > 0 && patch !== undefined) shown = applyPatch(shown, overTheWire(patch))
          assert.deepEqual(overTheWire(shown), overTheWire(state))
        }
      },
    ),
  )
})

test('what has not changed is not sent', () => {
  const before = { a: { x: 1, y: [1, 2] }, b: 2 }
  assert.equal(mergePatch(before, structuredClone(before)), undefined)
  assert.deepEqual(mergePatch(before, { a: { x: 1, y: [1, 3] }, b: 2 }), { a: { y: [1, 3] } })
  assert.deepEqual(mergePatch(before, { a: before.a }), { b: null })
})

test('a patch changes the prototype of nothing', () => {
  const shown = applyPatch(undefined, JSON.parse('{"__proto__":{"polluted":true}}')) as object
  assert.equal(Object.getPrototypeOf(shown), null)
  assert.equal('polluted' in {}, false)
})
