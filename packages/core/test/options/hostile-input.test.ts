import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { OptionError } from '#core/kernel/errors.js'
import { KEY, refusal, shop } from './fixtures.js'

const SECRET = 'hunter2-hunter3-hunter4'

const complete = {
  name: 'shop',
  servers: [{ address: 'https://a', weight: 2, failTimeout: '10s', route: 'r1' }, 'b:80'],
  balance: { hash: ['$cookie_a'], ipv6Prefix: 64 },
  sticky: {
    cookie: 'srv_id',
    keys: [SECRET],
    accept: [{ value: 'hmac-md5', key: SECRET }],
    expires: '1h',
    idle: '10m',
  },
  retry: { on: ['error', 503], budget: { ratio: 0.1 } },
  timeouts: { connect: '5s' },
  ejection: { backoff: 2, cap: '5m' },
  tls: { ca: [SECRET], cert: SECRET, key: SECRET },
}

/** Every place in `value`, as paths. */
function places(value: unknown, path: readonly string[] = []): Array<readonly string[]> {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([key, member]) => places(member, [...path, key]))]
}

function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by
  if (Array.isArray(value)) {
    return value.map((member, index) => (`${index}` === key ? replaced(member, rest, by) : member))
  }
  const members = value as Record<string, unknown>
  return { ...members, [key]: replaced(members[key], rest, by) }
}

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSparseArray: true,
})
const place = fc.constantFrom(...places(complete))

/** All that an error could show of what it was given. */
function shown(error: OptionError): string {
  const values = [error, ...error.others].map(({ value }) => String(value))
  return `${error.message}\n${values.join('\n')}`
}

describe('whatever stands in the options', () => {
  it('is accepted or refused with an OptionError, and nothing else', () => {
    fc.assert(fc.property(fc.oneof(fc.jsonValue(), anything), (input) => void refusal(input)))
  })

  it('is so at every place of options that are otherwise right', () => {
    assert.equal(refusal(complete), undefined)
    fc.assert(
      fc.property(place, fc.oneof(fc.jsonValue(), anything), (at, value) => {
        refusal(replaced(complete, at, value))
      }),
      { numRuns: 500 },
    )
  })

  it('names a place that is there', () => {
    fc.assert(
      fc.property(place, fc.jsonValue(), (at, value) => {
        const error = refusal(replaced(complete, at, value))
        assert.match(error?.path ?? 'upstream', /^upstream(\.[\w$-]+|\[\d+\]|\["[^\n]*"\])*$/)
      }),
    )
  })

  it('leaves the prototypes alone', () => {
    const error = refusal(
      JSON.parse('{"__proto__": {"polluted": 1}, "name": "a", "servers": ["a"]}'),
    )
    assert.equal(error?.path, 'upstream.__proto__')
    assert.equal(Reflect.get({}, 'polluted'), undefined)
  })
})

describe('a secret', () => {
  it('is in no error, whatever else is wrong', () => {
    fc.assert(
      fc.property(place, fc.jsonValue(), (at, value) => {
        const error = refusal(replaced(complete, at, value))
        if (error !== undefined) assert.ok(!shown(error).includes('hunter'), shown(error))
      }),
      { numRuns: 500 },
    )
  })

  it('is in no error where it stands in the wrong form or under a misspelt name', () => {
    const sticky = (more: object) => shop({ sticky: { cookie: 'srv_id', ...more } })
    const inputs = [
      shop({ sticky: SECRET }),
      shop({ tls: SECRET }),
      shop({ tls: { key: [SECRET], cert: 1 } }),
      shop({ tls: { keys: SECRET } }),
      sticky({ key: SECRET }),
      sticky({ keyz: [SECRET] }),
      sticky({ keys: SECRET }),
      sticky({ keys: { new: SECRET } }),
      sticky({ keys: [[SECRET]] }),
      sticky({ keys: [KEY], accept: SECRET }),
      sticky({ keys: [KEY], accept: [SECRET] }),
      sticky({ keys: [KEY], accept: [{ value: 'md5', key: SECRET }] }),
      sticky({ keys: [`${SECRET.slice(0, 10)}`] }),
      shop({ servers: [`redis://:${SECRET}@a:6379`] }),
      shop({ servers: [{ address: `https://user:${SECRET}@a` }] }),
    ]
    for (const input of inputs) {
      const error = refusal(input)
      assert.ok(error instanceof OptionError, JSON.stringify(input))
      assert.ok(!shown(error).includes('hunter'), shown(error))
    }
  })
})
