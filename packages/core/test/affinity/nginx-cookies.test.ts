import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { CookieConfig, CookieFormat } from '#core/affinity/config.js'
import { Gateway, nginxConfig, poolOf, serverConfig } from './fixtures.js'

// Set-Cookie lines of running servers. The clock of these tests stands where theirs stood.
interface Vector {
  readonly directive: string
  readonly set_cookie: Readonly<Record<string, string | null>>
  readonly with_cookie: {
    readonly sent: string
    readonly served_by: string
    readonly set_cookie: string | null
  }
}

const { cases } = JSON.parse(
  readFileSync(new URL('../../test/affinity/vectors/cookies.json', import.meta.url), 'utf8'),
) as { cases: Readonly<Record<'sticky_module_ng' | 'nginx_oss', readonly Vector[]>> }

function configOf(style: 'sticky-module' | 'nginx', directive: string): CookieConfig {
  const words = directive.slice(0, -1).split(' ').slice(1)
  const given = new Map(words.map((word) => [word.split('=')[0], word.split('=')[1]]))
  const format = given.has('hmac')
    ? `hmac-${given.get('hmac')}`
    : given.has('text')
      ? 'text'
      : (given.get('hash') ?? 'md5')
  const expires = given.get('expires')
  return nginxConfig(style, {
    cookie: style === 'nginx' ? words[1]! : (given.get('name') ?? 'route'),
    format: format as CookieFormat,
    keys: given.has('hmac_key') ? [given.get('hmac_key')!] : [],
    expires: expires === undefined || expires === 'max' ? expires : 3_600_000,
    domain: given.get('domain'),
    path: given.get('path') ?? (style === 'nginx' ? undefined : '/'),
    secure: given.has('secure'),
    httpOnly: given.has('httponly'),
    sameSite: given.get('samesite') === 'lax' ? 'lax' : false,
    hide: given.has('hide_cookie'),
  })
}

for (const [style, vectors] of [
  ['sticky-module', cases.sticky_module_ng],
  ['nginx', cases.nginx_oss],
] as const) {
  for (const { directive, set_cookie: lines, with_cookie: kept } of vectors) {
    test(`${style}: "${directive}" sets the cookies that nginx sets`, () => {
      const gateway = new Gateway(configOf(style, directive), poolOf(...Object.keys(lines)))
      for (const server of gateway.pool.servers) {
        assert.equal(gateway.answer(server, 'new') ?? null, lines[server.address])
      }
    })

    test(`${style}: "${directive}" keeps a session as nginx keeps it`, () => {
      const gateway = new Gateway(configOf(style, directive), poolOf(...Object.keys(lines)))
      const binding = gateway.read(kept.sent)
      if (kept.sent !== '') assert.equal(binding.server?.address, kept.served_by)
      const server = gateway.pool.servers.find(({ address }) => address === kept.served_by)!
      const line = gateway.answer(server, 'kept', { cookies: kept.sent })
      assert.equal(line ?? null, kept.set_cookie)
    })
  }
}

for (const [address, format, value] of [
  ['127.0.0.1:9000', 'md5', '44fb3a27ed30ae5193ebd879ca2cf039'],
  ['127.0.0.1:9000', 'sha1', '70bacfa8e44a0929dddd31d0b9d78164e8cbfba5'],
  ['127.0.0.1:9000', 'hmac-md5', '8c0ab9326f337bc7fe923c9b9cd5ddf7'],
  ['127.0.0.1:9000', 'hmac-sha1', 'cab4c1e8bb2377d8a81a998e09f44f45286ab925'],
  ['127.0.0.1:9001', 'md5', '422db4e6da7b4bba46bd476612df0469'],
  ['127.0.0.1:9002', 'md5', 'f29316d06d7f5c505bf92924ef4c7ba4'],
  ['localhost:1984', 'md5', '6f771cce744d689bd94c5205004e289b'],
] as const) {
  test(`the ${format} of ${address} is the module’s`, () => {
    const config = nginxConfig('sticky-module', { format, keys: ['secret'] })
    assert.equal(new Gateway(config, poolOf(address)).issue(), `srv_id=${value}`)
  })
}

// MD5 of what nginx prints for a resolved address.
for (const [address, printed, value] of [
  ['127.0.0.1:8081', '127.0.0.1:8081', 'df2b80dc43705d28db9be6f29fe58da3'],
  ['127.0.0.1', '127.0.0.1:80', 'cef54f47984626c9efbf070c50bfad1b'],
  ['[0:0::1]:8080', '[::1]:8080', '1c2e56fe441d2a91a692b6e4ac8b5c9b'],
  ['unix:/run/app.sock', 'unix:/run/app.sock', '939db79304b0f599c2c20969650359ab'],
] as const) {
  test(`nginx's own sticky knows ${address} as ${printed}`, () => {
    const gateway = new Gateway(nginxConfig('nginx'), poolOf(address))
    assert.equal(gateway.issue(), `srv_id=${value}`)
  })
}

test('nginx’s own sticky knows a server by its route, the module by its address', () => {
  const pool = poolOf(serverConfig('127.0.0.1:9000', { route: 'a1' }))
  assert.equal(new Gateway(nginxConfig('nginx'), pool).issue(), 'srv_id=a1')
  const digest = 'srv_id=44fb3a27ed30ae5193ebd879ca2cf039'
  assert.equal(new Gateway(nginxConfig('sticky-module'), pool).issue(), digest)
})

test('of two servers with one route the first counts', () => {
  const [a, b] = ['a', 'b'].map((host) => serverConfig(host, { route: 'same' }))
  const gateway = new Gateway(nginxConfig('nginx'), poolOf(a!, b!))
  assert.equal(gateway.read('srv_id=same').server, gateway.server(0))
})

test('the index counts primaries in order, and backups after them', () => {
  const backup = serverConfig('backup', { backup: true })
  const gateway = new Gateway(nginxConfig('nginx', { format: 'index' }), poolOf(backup, 'a', 'b'))
  const addresses = ['0', '1', '2', '01', '002'].map(
    (value) => gateway.read(`srv_id=${value}`).server?.address,
  )
  assert.deepEqual(addresses, ['a', 'b', 'backup', 'b', 'backup'])
})

for (const [format, gone, foreign] of [
  ['md5', '00000000000000000000000000000000', 'hello'],
  ['sha1', '0000000000000000000000000000000000000000', 'A'.repeat(40)],
  ['index', '7', '-1'],
] as const) {
  test(`${format}: a value of no server is removed, and what is no value a bad cookie`, () => {
    const gateway = new Gateway(nginxConfig('sticky-module', { format }))
    assert.equal(gateway.read(`srv_id=${gone}`).lost, 'removed')
    assert.equal(gateway.read(`srv_id=${foreign}`).lost, 'bad-cookie')
    assert.equal(gateway.read('srv_id=').lost, undefined)
  })
}

test('only the first cookie of the name counts, as in nginx', () => {
  const gateway = new Gateway(nginxConfig('nginx'))
  const good = gateway.issue()
  assert.equal(gateway.read(`srv_id=other; ${good}`).server, undefined)
  assert.equal(gateway.read(`${good}; srv_id=other`).server, gateway.server(0))
  assert.equal(gateway.read(good.replace('srv_id', 'SRV_ID')).server, gateway.server(0))
})

test('digests are compared with their case', () => {
  const gateway = new Gateway(nginxConfig('nginx'))
  const [name, value] = gateway.issue().split('=')
  assert.equal(gateway.read(`${name}=${value!.toUpperCase()}`).server, undefined)
})

test('after 2037 nginx writes the year with four digits', () => {
  const gateway = new Gateway(nginxConfig('nginx', { expires: 20 * 365 * 86_400_000 }))
  assert.match(gateway.answer(gateway.server(0), 'new') ?? '', /expires=\w{3}, \d\d-Nov-2046 /)
})

test('an older hmac key is honoured and its cookie is due', () => {
  const config = nginxConfig('sticky-module', { format: 'hmac-sha256', keys: ['old'] })
  const gateway = new Gateway(config)
  const old = gateway.issue()
  gateway.affinity.rotate(['new', 'old'])
  assert.equal(gateway.read(old).server, gateway.server(0))
  assert.equal(gateway.read(old).due, true)
  assert.equal(gateway.read(gateway.issue()).due, false)
  gateway.affinity.rotate(['new'])
  assert.equal(gateway.read(old).lost, 'removed')
})
