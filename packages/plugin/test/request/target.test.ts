import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createPrefixRewrite, isCleanHost, parseTarget } from '#plugin/request/target.js'

test('an origin target is its own path, byte for byte', () => {
  for (const url of [
    '/',
    '//',
    '/a/../b',
    '/./x',
    '/a\\..\\x',
    '/"<>`{|}^',
    '/%41%2F',
    '/a?',
    '/?',
    '/\xe9',
  ]) {
    assert.deepEqual(parseTarget(url), { path: url, authority: undefined }, url)
  }
})

test('an absolute target brings its authority, and at least a slash', () => {
  for (const [url, authority, path] of [
    ['http://h/a?b', 'h', '/a?b'],
    ['HTTPS://h:1/', 'h:1', '/'],
    ['http://h', 'h', '/'],
    ['http://h?b', 'h', '/?b'],
    ['http://[::1]:80/x', '[::1]:80', '/x'],
  ] as const) {
    assert.deepEqual(parseTarget(url), { path, authority }, url)
  }
})

test('what is no target for a server is none', () => {
  const wrong = [
    ...['', '*', 'a', 'h:80', 'ftp://h/', 'http:///a', 'http://u@h/', 'http://h:x/', '/#', '/a#b'],
    ...['/%', '/%4', '/%zz', '/a?%q1', '/ ', '/a b', '/\t', '/\x00', '/\x7f', '/a\r\nX: y'],
  ]
  for (const url of wrong) assert.equal(parseTarget(url), undefined, JSON.stringify(url))
})

test('whatever is accepted is sent as it came, and holds nothing that ends a request line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii', maxLength: 30 }), (text) => {
      const target = parseTarget(`/${text}`)
      if (target === undefined) return
      assert.equal(target.path, `/${text}`)
      assert.match(target.path, /^\/[\x21\x22\x24-\x7e]*$/)
    }),
    { numRuns: 5_000 },
  )
})

test('a host is a name or an address and perhaps a port', () => {
  for (const host of [
    '',
    'a',
    'a.b',
    'a_b',
    'a:80',
    'a:',
    '1.2.3.4:5',
    '[::1]',
    '[::1]:80',
    'a%20b',
  ]) {
    assert.ok(isCleanHost(host), host)
  }
  for (const host of [
    'u@h',
    'h/p',
    'h?q',
    'h#f',
    'h\\p',
    'a b',
    'a:80:90',
    'a:x',
    '"a"',
    '<a>',
    '[::1',
    '::1',
    'a\x00',
    'a\n',
    'h\xe9',
  ]) {
    assert.ok(!isCleanHost(host), JSON.stringify(host))
  }
})

test('a prefix is cut off, or replaced, and nothing else is touched', () => {
  for (const [prefix, replacement, path, expected] of [
    ['/shop', '/', '/shop', '/'],
    ['/shop', '/', '/shop/', '/'],
    ['/shop', '/', '/shop/a//b?c', '/a//b?c'],
    ['/shop', '/', '/shop?a', '/?a'],
    ['/shop', '/v1', '/shop/a', '/v1/a'],
    ['/shop', '/v1', '/shop', '/v1/'],
    ['/shop/', '/v1/', '/shop/a', '/v1/a'],
    ['/shop', undefined, '/shop/a', '/shop/a'],
    ['/', undefined, '/a', '/a'],
    ['', '/', '/a/../b', '/a/../b'],
    ['/', '/v1', '/a', '/v1/a'],
    ['/:tenant/shop', '/', '/acme/shop/a', '/a'],
    ['/:tenant/shop', '/', '/a%2Fb/shop/a', '/a'],
  ] as const) {
    const rewrite = createPrefixRewrite(prefix, replacement)
    assert.equal(rewrite.rewrite(path), expected, `${prefix} -> ${replacement}: ${path}`)
  }
})

test('a prefix that is there only after decoding, or left by a dot segment, is refused', () => {
  const { rewrite } = createPrefixRewrite('/shop', '/')
  const wrong = [
    ...['/sh%6Fp/a', '/SHOP/a', '/shopping', '//shop/a', '/a'],
    ...['/shop/..', '/shop/../admin', '/shop/%2e%2e/admin', '/shop/.%2E/x', '/shop/a/../../x'],
    ...['/shop/..;/admin', '/shop/..;a=b', '/shop/%2e%2e%3Bx/admin'],
    ...['/shop/..%2fadmin', '/shop/..\\admin', '/shop/%2e.%5cadmin', '/shop/%2E%2E%2Fx?y'],
  ]
  for (const path of wrong) assert.equal(rewrite(path), undefined, path)
  for (const path of [
    '/shop/...',
    '/shop/a..b',
    '/shop/a;..',
    '/shop/.',
    '/shop/a?../..',
    '/shop/%2e',
  ]) {
    assert.notEqual(rewrite(path), undefined, path)
  }
})
