import assert from 'node:assert/strict'
import { isIP, isIPv4, isIPv6 } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalAddress } from '#core/affinity/address.js'

for (const [text, expected] of [
  ['192.0.2.1', '192.0.2.1'],
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
  ['192.0.2.1:8080', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:192.0.2.1', '192.0.2.1'],
  ['0:0:0:0:0:ffff:c000:201', '192.0.2.1'],
  ['[::ffff:192.0.2.1]:443', '192.0.2.1'],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['[2001:db8::1]', '2001:db8::1'],
  ['[2001:db8::1]:443', '2001:db8::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['[fe80::1%25eth0]:80', 'fe80::1'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
] as const) {
  test(`${text} is ${expected}`, () => {
    assert.equal(canonicalAddress(text), expected)
  })
}

for (const text of [
  '',
  'unix:',
  'localhost',
  '192.0.2',
  '192.0.2.1.5',
  '192.0.2.256',
  '192.0.2.01',
  '192.0.2.',
  '.192.0.2',
  '192.0.2.1:',
  '192.0.2.1:port',
  ' 192.0.2.1',
  '192.0.2.1, 192.0.2.2',
  ':',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7::8',
  '12345::',
  'g::',
  '192.0.2.1::',
  '::192.0.2.1:5',
  '[2001:db8::1',
  '2001:db8::1]:80',
  'unknown',
  '_hidden',
]) {
  test(`${JSON.stringify(text)} is no address`, () => {
    assert.equal(canonicalAddress(text), undefined)
  })
}

for (const [text, prefix, expected] of [
  ['2001:db8:1:2:3:4:5:6', 64, '2001:db8:1:2::'],
  ['2001:db8:1:2:3:4:5:6', 56, '2001:db8:1::'],
  ['2001:db8:1:ffff:3:4:5:6', 50, '2001:db8:1:c000::'],
  ['2001:db8:1:2:3:4:5:6', 128, '2001:db8:1:2:3:4:5:6'],
  ['2001:db8:1:2:3:4:5:6', 0, '::'],
  ['::ffff:192.0.2.1', 64, '192.0.2.1'],
  ['192.0.2.1', 8, '192.0.2.1'],
] as const) {
  test(`of ${text} a prefix of ${prefix} keeps ${expected}`, () => {
    assert.equal(canonicalAddress(text, prefix), expected)
  })
}

test('every IPv6 address comes out as a URL writes it, unless it holds an IPv4 one', () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const canonical = canonicalAddress(text)
      const url = new URL(`http://[${text}]/`).hostname.slice(1, -1)
      if (url.startsWith('::ffff:') && url.split(':').length === 5) {
        assert.ok(canonical !== undefined && isIPv4(canonical))
      } else {
        assert.equal(canonical, url)
      }
    }),
  )
})

test('exactly what node:net takes for an address is one, and canonical text stays as it is', () => {
  const text = fc.oneof(
    fc.stringMatching(/^[\da-f:.]{0,24}$/),
    fc.ipV4(),
    fc.ipV6(),
    fc
      .tuple(fc.ipV6(), fc.nat(8), fc.constantFrom(':', '::', '.', '0', ''))
      .map(([ip, at, cut]) => {
        return ip.slice(0, at) + cut + ip.slice(at + 1)
      }),
  )
  fc.assert(
    fc.property(text, (text) => {
      const canonical = canonicalAddress(text)
      if (isIP(text) !== 0) {
        assert.ok(canonical !== undefined && isIP(canonical) !== 0)
        assert.equal(canonicalAddress(canonical), canonical)
      } else if (!/^[\d.]+:\d+$/.test(text)) {
        assert.equal(canonical, undefined)
      }
    }),
    { numRuns: 2000 },
  )
})

test('two spellings of one IPv6 address have one text', () => {
  const words = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 })
  fc.assert(
    fc.property(words, (words) => {
      const long = words.map((word) => word.toString(16).padStart(4, '0').toUpperCase()).join(':')
      const short = words.map((word) => word.toString(16)).join(':')
      assert.ok(isIPv6(long))
      assert.equal(canonicalAddress(long), canonicalAddress(short))
    }),
  )
})
