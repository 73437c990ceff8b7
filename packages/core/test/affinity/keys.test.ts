// biome-ignore-all lint/suspicious/noTemplateCurlyInString: nginx writes its variables so
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileKey, keyExpressionProblem } from '#core/affinity/key-expression.js'
import { compileKeys } from '#core/affinity/keys.js'
import { OptionError } from '#core/kernel/errors.js'
import { factsOf } from './fixtures.js'

const facts = factsOf({
  target: '/shop//a/./b/../c%20d?ID=7&id=8&empty=&flag&q=%41',
  scheme: 'https',
  host: 'WWW.Example.com.:8443',
  remoteAddress: '::ffff:192.0.2.7',
  cookies: 'PHPSESSID=abc; phpsessid=def; connect.sid=s%3A1; empty=',
  headers: { 'x-user': 'ann, ben', host: 'WWW.Example.com.:8443' },
})

for (const [expression, key] of [
  ['$cookie_PHPSESSID', 'abc'],
  ['$cookie_phpSessId', 'abc'],
  ['$cookie_other', ''],
  ['$cookie_empty', ''],
  ['${cookie_connect.sid}', 's%3A1'],
  ['$http_cookie', 'PHPSESSID=abc; phpsessid=def; connect.sid=s%3A1; empty='],
  ['$http_x_user', 'ann, ben'],
  ['$http_X_User', 'ann, ben'],
  ['$http_x_other', ''],
  ['$arg_id', '7'],
  ['$arg_ID', '7'],
  ['$arg_q', '%41'],
  ['$arg_empty', ''],
  ['$arg_flag', ''],
  ['$arg_d', ''],
  ['$request_uri', '/shop//a/./b/../c%20d?ID=7&id=8&empty=&flag&q=%41'],
  ['$uri', '/shop/a/c d'],
  ['$host', 'www.example.com'],
  ['$scheme', 'https'],
  ['$remote_addr', '192.0.2.7'],
  ['${scheme}', 'https'],
  ['$scheme://$host$uri', 'https://www.example.com/shop/a/c d'],
  ['user-$http_x_other', 'user-'],
  ['$http_x_other$arg_empty', ''],
  ['${arg_id}0', '70'],
  ['é$arg_id', 'Ã©7'],
] as const) {
  test(`${expression} is ${JSON.stringify(key)}`, () => {
    assert.equal(compileKey(expression)(facts), key)
    assert.equal(keyExpressionProblem(expression), undefined)
  })
}

for (const [target, requestUri, uri] of [
  ['/', '/', '/'],
  ['/a/b', '/a/b', '/a/b'],
  ['/a?b/../c', '/a?b/../c', '/a'],
  ['/a#b?c', '/a#b?c', '/a'],
  ['/a%2Fb', '/a%2Fb', '/a/b'],
  ['/a/%2e%2E/b', '/a/%2e%2E/b', '/b'],
  ['/a%252e', '/a%252e', '/a%2e'],
  ['/a%3Fb', '/a%3Fb', '/a?b'],
  ['/a%00', '/a%00', '/a%00'],
  ['/a%zz', '/a%zz', '/a%zz'],
  ['/a/..', '/a/..', '/'],
  ['/a/b/..', '/a/b/..', '/a/'],
  ['/a/b/.', '/a/b/.', '/a/b/'],
  ['/a//', '/a//', '/a/'],
  ['/../../a', '/../../a', '/a'],
  ['/.well-known/x', '/.well-known/x', '/.well-known/x'],
  ['/caf%C3%A9', '/caf%C3%A9', '/cafÃ©'],
  ['http://h.example/a//b?c', '/a//b?c', '/a/b'],
  ['http://h.example', '/', '/'],
  ['http://h.example?x=1', '/?x=1', '/'],
  ['*', '*', '*'],
  ['', '', ''],
] as const) {
  test(`of the target ${JSON.stringify(target)} nginx makes ${uri}`, () => {
    assert.equal(compileKey('$request_uri')(factsOf({ target })), requestUri)
    assert.equal(compileKey('$uri')(factsOf({ target })), uri)
  })
}

for (const [target, value] of [
  ['/?id=1', '1'],
  ['/?a=b&id=1&c', '1'],
  ['/?xid=0&id=1', '1'],
  ['/?id&id=1', '1'],
  ['/?id=', ''],
  ['/?id=1#&id=2', '1'],
  ['/#?id=1', ''],
  ['/id=1', ''],
  ['/?a=?id=1', ''],
] as const) {
  test(`in ${target} the argument id is ${JSON.stringify(value)}`, () => {
    assert.equal(compileKey('$arg_id')(factsOf({ target })), value)
  })
}

for (const [host, name] of [
  ['example.com', 'example.com'],
  ['EXAMPLE.com:80', 'example.com'],
  ['example.com.', 'example.com'],
  ['[2001:DB8::1]:443', '[2001:db8::1]'],
  ['[::1]', '[::1]'],
  ['', ''],
] as const) {
  test(`the authority ${JSON.stringify(host)} is the host ${JSON.stringify(name)}`, () => {
    assert.equal(compileKey('$host')(factsOf({ host })), name)
  })
}

test('what is no address counts as the connection’s other end', () => {
  const read = compileKey('$remote_addr')
  const given = { remoteAddress: 'unknown', socketAddress: '::ffff:10.0.0.9' }
  assert.equal(read(factsOf(given)), '10.0.0.9')
  assert.equal(read(factsOf({ remoteAddress: '', socketAddress: '' })), '')
})

test('an IPv6 prefix keeps the privacy addresses of one network together', () => {
  const read = compileKey('$remote_addr', { ipv6Prefix: 64 })
  const [a, b] = ['2001:db8:1:2:aaaa::1', '2001:db8:1:2:bbbb::2'].map((remoteAddress) =>
    read(factsOf({ remoteAddress })),
  )
  assert.equal(a, '2001:db8:1:2::')
  assert.equal(a, b)
})

test('a function gets the gateway’s request, and its text counts as UTF-8', () => {
  const read = compileKey((request) => (request as { user: string }).user)
  assert.equal(read(factsOf({ request: { user: 'Zoë' } })), 'ZoÃ«')
})

test('a function that throws, or gives no string, gives no key', () => {
  const broken = compileKey(() => {
    throw new Error('broken')
  })
  assert.equal(broken(facts), '')
  assert.equal(compileKey(() => undefined)(facts), '')
  assert.equal(compileKey((() => 7) as unknown as () => string)(facts), '')
})

test('the first key that is not empty counts', () => {
  const read = compileKeys(['$cookie_other', () => undefined, '$arg_id', '$remote_addr'])
  assert.equal(read(facts), '7')
})

test('when all keys are empty the fallback counts, and with round robin there is none', () => {
  assert.equal(compileKeys(['$arg_x'], { whenEmpty: '$remote_addr' })(facts), '192.0.2.7')
  assert.equal(compileKeys(['$arg_x'], { whenEmpty: 'round-robin' })(facts), '')
  assert.equal(compileKeys(['$arg_x', '$arg_y'])(facts), '')
  assert.equal(compileKeys([])(facts), '')
})

for (const [expression, problem] of [
  ['$nope', /unknown variable "\$nope"; there are \$cookie_NAME/],
  ['$host$upstream_addr', /unknown variable "\$upstream_addr"/],
  ['$cookie_', /unknown variable "\$cookie_"/],
  ['a$', /lone "\$"/],
  ['${host', /lone "\$"/],
  ['$host $$', /lone "\$"/],
  ['remote_addr', /names no variable/],
  ['', /names no variable/],
] as const) {
  test(`${JSON.stringify(expression)} is refused with what is wrong`, () => {
    assert.match(keyExpressionProblem(expression) ?? '', problem)
    assert.throws(() => compileKey(expression), OptionError)
  })
}

test('no request makes a key expression throw', () => {
  const read = compileKeys(['$cookie_a$http_b$arg_c$request_uri$uri$host$scheme$remote_addr'])
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[/.%?&#=:[\]a-f\d]{0,20}$/))
  fc.assert(
    fc.property(text, text, text, text, (target, host, remoteAddress, cookies) => {
      const given = { target, host, remoteAddress, socketAddress: remoteAddress, cookies }
      assert.equal(typeof read(factsOf(given)), 'string')
    }),
  )
})
