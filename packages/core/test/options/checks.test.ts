import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Default, defaults } from '#core/defaults.js'
import { parseUpstreamOptions } from '#core/options/options.js'
import { refuses, shop } from './fixtures.js'

const parse = (checks: object) => parseUpstreamOptions(shop({ checks })).checks

describe('checks', () => {
  it('are none unless asked for', () => {
    assert.equal(parseUpstreamOptions(shop()).checks, undefined)
  })

  it('are what the table of defaults says of which nothing is said', () => {
    const written = Object.entries(defaults.checks).map(
      ([name, { value }]: [string, Default<unknown>]) => [name, value],
    )
    assert.deepEqual(parse({}), parse(Object.fromEntries(written)))
    assert.deepEqual(parse({}), {
      path: '/',
      intervalMs: 5_000,
      timeoutMs: 2_000,
      rise: 2,
      fall: 3,
      expect: [{ from: 200, to: 399 }],
    })
  })

  it('expect statuses and ranges of them', () => {
    assert.deepEqual(parse({ expect: [200, '300-399'] })?.expect, [
      { from: 200, to: 200 },
      { from: 300, to: 399 },
    ])
  })

  it('ask for any path, with a query', () => {
    assert.equal(parse({ path: '/healthz?full=1' })?.path, '/healthz?full=1')
  })
})

const checks = (given: object) => shop({ checks: given })

refuses('a wrong check is refused', [
  ['a word', shop({ checks: true }), 'upstream.checks', 'must be an object'],
  ['a near miss', checks({ intervall: '5s' }), 'upstream.checks.intervall', "'interval'"],
  ['a path without its slash', checks({ path: 'healthz' }), 'upstream.checks.path', "'/healthz'"],
  ['a path with a space', checks({ path: '/a b' }), 'upstream.checks.path', "'/healthz'"],
  ['a path with a line break', checks({ path: '/a\r\nb' }), 'upstream.checks.path', "'/healthz'"],
  ['a fragment', checks({ path: '/a#b' }), 'upstream.checks.path', "'/healthz'"],
  ['a bare interval', checks({ interval: 5 }), 'upstream.checks.interval', "'5s' or '5ms'"],
  ['no pause', checks({ interval: '0s' }), 'upstream.checks.interval', "'100ms' or more"],
  ['a pause past all timers', checks({ interval: '25d' }), 'upstream.checks.interval', 'or less'],
  ['no time', checks({ timeout: '0s' }), 'upstream.checks.timeout', "'10ms' or more"],
  ['rise 0', checks({ rise: 0 }), 'upstream.checks.rise', 'whole number, 1 to 1000'],
  ['fall 0', checks({ fall: 0 }), 'upstream.checks.fall', 'whole number, 1 to 1000'],
  ['a status alone', checks({ expect: 200 }), 'upstream.checks.expect', 'must be a list'],
  ['no status', checks({ expect: [] }), 'upstream.checks.expect', 'at least one'],
  ['a class', checks({ expect: ['2xx'] }), 'upstream.checks.expect[0]', "'200-399'"],
  ['a range backwards', checks({ expect: ['399-200'] }), 'upstream.checks.expect[0]', "'200-399'"],
  ['a status of HTTP/0', checks({ expect: [200, 99] }), 'upstream.checks.expect[1]', '200 to 599'],
  ['neither', checks({ expect: [true] }), 'upstream.checks.expect[0]', "'200-399'"],
])
