import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseUpstreamOptions } from '#core/options/options.js'
import { KEY, shop } from './fixtures.js'

function warnings(more: object): readonly string[] {
  return parseUpstreamOptions(shop(more), 'shop').warnings
}

function stickyWarnings(sticky: object): readonly string[] {
  return warnings({ sticky: { cookie: 'srv_id', ...sticky } })
}

describe('a word at start', () => {
  it('is said for a cookie that is not sealed only because there is no key', () => {
    const [warning = '', ...others] = stickyWarnings({})
    assert.match(warning, /^shop\.sticky: without keys .*openssl rand -base64 32/)
    assert.deepEqual(others, [])
  })

  it('is not said for what was chosen', () => {
    assert.deepEqual(stickyWarnings({ value: 'md5' }), [])
    assert.deepEqual(stickyWarnings({ style: 'nginx' }), [])
    assert.deepEqual(stickyWarnings({ style: 'sticky-module' }), [])
    assert.deepEqual(stickyWarnings({ keys: [KEY] }), [])
    assert.deepEqual(stickyWarnings({ value: 'hmac-sha256', keys: [KEY] }), [])
  })

  it('is said for an hmac key that is easily guessed, without the key', () => {
    const [short = '', sample = ''] = stickyWarnings({
      value: 'hmac-sha1',
      keys: ['hunter2', 'your_secret_key_here'],
    })
    assert.match(short, /^shop\.sticky\.keys\[0\]: has 7 bytes/)
    assert.match(sample, /^shop\.sticky\.keys\[1\]: is a well-known sample/)
    assert.doesNotMatch(short + sample, /hunter2|your_secret/)
  })

  it('is said for keys that nothing uses', () => {
    const [warning = ''] = stickyWarnings({ value: 'md5', keys: [KEY] })
    assert.match(warning, /^shop\.sticky\.keys: value 'md5' uses no keys/)
  })

  it('is said for a route that two servers share', () => {
    const route = 'r1'
    const servers = [{ address: 'a', route }, { address: 'b', route }, 'c']
    assert.deepEqual(warnings({ servers }), [
      'shop.servers[1].route: servers[0] has this route too and gets its sessions',
    ])
  })
})
