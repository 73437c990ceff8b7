import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Default, defaults } from '#core/defaults.js'
import { parseUpstreamOptions } from '#core/options/options.js'
import { KEY, parseCookie } from './fixtures.js'

/** A part of the table as a user would write it. */
function written(table: object): object {
  return Object.fromEntries(
    Object.entries(table).flatMap(([name, entry]: [string, Default<unknown>]) =>
      'value' in entry ? [[name, entry.value]] : [],
    ),
  )
}

describe('the table of defaults', () => {
  it('says what an upstream is of which nothing is said', () => {
    const explicit = {
      name: 'shop',
      servers: [{ address: 'a', ...written(defaults.server) }],
      ...written(defaults.upstream),
      retry: { ...written(defaults.retry), budget: written(defaults.budget) },
      timeouts: written(defaults.timeouts),
      ejection: written(defaults.ejection),
      tls: written(defaults.tls),
    }
    assert.deepEqual(
      parseUpstreamOptions({ name: 'shop', servers: ['a'] }),
      parseUpstreamOptions(explicit),
    )
  })

  it('says what a hash is', () => {
    const parse = (balance: object) =>
      parseUpstreamOptions({ name: 'shop', servers: ['a'], balance: { hash: '$uri', ...balance } })
    assert.deepEqual(parse({}), parse(written(defaults.hash)))
  })

  for (const style of ['holdfast', 'sticky-module', 'nginx'] as const) {
    it(`says what a cookie is in style ${style}`, () => {
      const { valueWithoutKeys, ...table } = defaults.cookie
      const styled = Object.entries(table).flatMap(([name, entry]) =>
        'styles' in entry ? [[name, entry.styles[style]]] : [],
      )
      const explicit = { ...written(table), ...Object.fromEntries(styled), style, keys: [KEY] }
      assert.deepEqual(parseCookie({ style, keys: [KEY] }), parseCookie(explicit))
      assert.equal(parseCookie({ style }).format, valueWithoutKeys.value)
    })
  }

  it('gives a reason for each, and a unit to each bare number', () => {
    const entries = Object.values(defaults).flatMap((part) => Object.entries(part))
    for (const [name, entry] of entries as Array<[string, Record<string, unknown>]>) {
      assert.ok(typeof entry.reason === 'string' && entry.reason !== '', name)
      if (typeof entry.value === 'number') assert.ok(entry.unit, name)
    }
  })
})
