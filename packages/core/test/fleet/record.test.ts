import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  decodeRecord,
  type EjectionRecord,
  encodeRecord,
  type FleetRecord,
  type OverrideRecord,
} from '#core/fleet/record.js'
import { MOST_VERSION } from '#core/fleet/store.js'

const replica = fc.stringMatching(/^[\w.:-]{1,40}$/)
const whole = fc.nat({ max: MOST_VERSION })
const server = fc.string({ minLength: 1, maxLength: 100, unit: 'grapheme' })

const ejection: fc.Arbitrary<EjectionRecord> = fc.record(
  {
    kind: fc.constant('ejection' as const),
    server,
    version: whole,
    untilMs: whole,
    inARow: fc.nat({ max: 999_999 }),
    voters: fc
      .uniqueArray(fc.tuple(replica, fc.nat({ max: 999_999_999 })), { selector: ([name]) => name })
      .map((voters) => new Map(voters)),
  },
  { noNullPrototype: true },
)

const override: fc.Arbitrary<OverrideRecord> = fc.record(
  {
    kind: fc.constant('override' as const),
    server,
    version: whole,
    untilMs: whole,
    override: fc.record(
      {
        mode: fc.constantFrom('up' as const, 'drain' as const, 'down' as const),
        weight: fc.integer({ min: 1, max: 65_535 }),
      },
      { requiredKeys: [], noNullPrototype: true },
    ),
    by: fc.option(fc.string({ minLength: 2, maxLength: 40, unit: 'grapheme' }), { nil: undefined }),
  },
  { noNullPrototype: true },
)

describe('a record as text', () => {
  it('says the same when it is read again', () => {
    const record: fc.Arbitrary<FleetRecord> = fc.oneof(ejection, override)
    fc.assert(
      fc.property(record, (one) => {
        const { field, value } = encodeRecord(one)
        assert.deepEqual(decodeRecord(field, value), one)
      }),
    )
  })

  it('is refused unless it is one to the last character, and never throws', () => {
    const broken: readonly (readonly [string, string])[] = [
      ['e a:80 0', '1 2 3'],
      ['e a:80 0', '1 2 NaN r=1'],
      ['e a:80 0', '-1 2 3 r=1'],
      ['e a:80 0', '1 99999999999999999 3 r=1'],
      ['e a:80 0', '1 9e99 3 r=1'],
      ['e a:80 0', `${MOST_VERSION + 1} 2 3 r=1`],
      ['e a:80 0', '1 2 3 r'],
      ['e a:80 0', '1 2 3 r=1,'],
      ['e a:80 0', '1 2 3 r=1\n'],
      ['e a:80 0', `1 2 3 ${'r=1,'.repeat(100_000)}r=1`],
      [`e ${'a'.repeat(1_000_000)}`, '1 2 3 r=1'],
      ['e ', '1 2 3 r=1'],
      ['o a:80 0', '1 0 gone - -'],
      ['o a:80 0', '1 0 drain 0 -'],
      ['o a:80 0', '1 0 drain 65536 -'],
      ['o a:80 0', '1 0 drain 5 %E0%A4%A'],
      ['x a:80 0', '1 2 3 r=1'],
      ['', ''],
    ]
    for (const [field, value] of broken) {
      assert.equal(
        decodeRecord(field, value),
        undefined,
        `${field.slice(0, 20)}: ${value.slice(0, 40)}`,
      )
    }
    fc.assert(
      fc.property(fc.string(), fc.string(), (field, value) => {
        decodeRecord(`e ${field}`, value)
        decodeRecord(`o ${field}`, value)
      }),
    )
  })

  it('may be about anything, even __proto__, without becoming it', () => {
    const record = decodeRecord('e __proto__', '1 2 3 __proto__=4')
    assert.equal(record?.server, '__proto__')
    assert.deepEqual(record?.kind === 'ejection' && [...record.voters], [['__proto__', 4]])
  })
})
