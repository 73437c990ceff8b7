import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { unbound } from '#core/affinity/binding.js'
import type { CookieConfig } from '#core/affinity/config.js'
import { cookieConfig, cookieOf, formats, Gateway, nginxConfig, poolOf } from './fixtures.js'

const line = (given: Partial<CookieConfig>, scheme = 'https'): string => {
  const gateway = new Gateway(cookieConfig({ format: 'text', keys: [], ...given }), poolOf('a'))
  return gateway.answer(gateway.server(0), 'new', { scheme }) ?? ''
}

for (const [given, expected] of [
  [{}, 'srv_id=a; Path=/; Secure; HttpOnly; SameSite=Lax'],
  [
    { expires: 3_600_000 },
    'srv_id=a; Path=/; Max-Age=3600; Expires=Mon, 23 Nov 2026 17:22:05 GMT; Secure; HttpOnly; SameSite=Lax',
  ],
  [
    { expires: 'max' },
    'srv_id=a; Path=/; Max-Age=315360000; Expires=Thu, 31 Dec 2037 23:55:55 GMT; Secure; HttpOnly; SameSite=Lax',
  ],
  [
    { domain: '.example.com', path: '/app', sameSite: 'none', secure: true, partitioned: true },
    'srv_id=a; Path=/app; Domain=.example.com; Secure; HttpOnly; SameSite=None; Partitioned',
  ],
  [{ secure: false, httpOnly: false, sameSite: false }, 'srv_id=a; Path=/'],
  [{ sameSite: 'strict', httpOnly: false }, 'srv_id=a; Path=/; Secure; SameSite=Strict'],
] as const) {
  test(`the attributes ${JSON.stringify(given)} come in their order`, () => {
    assert.equal(line(given), expected)
  })
}

test('Secure follows the client’s protocol unless it is fixed', () => {
  assert.match(line({ secure: 'auto' }, 'https'), /; Secure/)
  assert.doesNotMatch(line({ secure: 'auto' }, 'http'), /Secure/)
  assert.match(line({ secure: true }, 'http'), /; Secure/)
  assert.doesNotMatch(line({ secure: false }, 'https'), /Secure/)
})

test('dates move with the clock', () => {
  const gateway = new Gateway(cookieConfig({ expires: 60_000 }))
  const dateOf = () => /Expires=([^;]+)/.exec(gateway.answer(gateway.server(0), 'new') ?? '')?.[1]
  assert.equal(dateOf(), 'Mon, 23 Nov 2026 16:23:05 GMT')
  gateway.clock.seconds += 1
  assert.equal(dateOf(), 'Mon, 23 Nov 2026 16:23:06 GMT')
})

test('in holdfast style a cookie is set for a new and a moved session, not for a kept one', () => {
  const gateway = new Gateway(cookieConfig())
  const cookies = gateway.issue()
  assert.equal(gateway.answer(gateway.server(0), 'kept', { cookies }), undefined)
  const moved = gateway.answer(gateway.server(1), 'moved', { cookies })
  assert.equal(gateway.read(cookieOf(moved)).server, gateway.server(1))
})

test('in nginx’s styles every answer sets it', () => {
  for (const style of ['nginx', 'sticky-module'] as const) {
    const gateway = new Gateway(nginxConfig(style))
    const cookies = gateway.issue()
    assert.equal(cookieOf(gateway.answer(gateway.server(0), 'kept', { cookies })), cookies)
  }
})

test('an nginx format with expires slides by being sent every time', () => {
  const kept = (given: Partial<CookieConfig>) => {
    const gateway = new Gateway(cookieConfig({ format: 'md5', keys: [], ...given }))
    return gateway.answer(gateway.server(0), 'kept', { cookies: gateway.issue() })
  }
  assert.notEqual(kept({ expires: 60_000 }), undefined)
  assert.equal(kept({ expires: 60_000, renew: false }), undefined)
  assert.equal(kept({}), undefined)
})

test('hidden, it is read but never set', () => {
  for (const config of [
    cookieConfig({ hide: true }),
    nginxConfig('nginx', { hide: true }),
    nginxConfig('sticky-module', { hide: true }),
  ]) {
    const gateway = new Gateway(config)
    assert.equal(gateway.answer(gateway.server(0), 'new'), undefined)
    const cookie = new Gateway({ ...config, hide: false }, gateway.pool).issue()
    assert.equal(gateway.read(cookie).server, gateway.server(0))
    assert.equal(gateway.answer(gateway.server(1), 'moved', { cookies: cookie }), undefined)
  }
})

test('with rebind never, a session stays where it was while its server is away', () => {
  const gateway = new Gateway(cookieConfig({ rebind: 'never', idleMs: 80_000 }))
  const cookies = gateway.issue(gateway.server(0))
  assert.equal(gateway.answer(gateway.server(1), 'moved', { cookies }), undefined)
  gateway.clock.seconds += 10
  const renewed = cookieOf(gateway.answer(gateway.server(1), 'moved', { cookies }))
  assert.equal(gateway.read(renewed).server, gateway.server(0))
  assert.equal(gateway.read(renewed).due, false)
})

test('with rebind never, a session whose server is gone still gets a new one', () => {
  const gateway = new Gateway(cookieConfig({ rebind: 'never' }))
  const cookies = gateway.issue(gateway.server(0))
  gateway.follow(poolOf('10.0.0.2:80'))
  const moved = cookieOf(gateway.answer(gateway.server(0), 'moved', { cookies }))
  assert.equal(gateway.read(moved).server, gateway.server(0))
})

test('older formats and names are honoured, and re-issued in the new one', () => {
  const pool = poolOf('10.0.0.1:80', '10.0.0.2:80')
  const key = 'old'
  for (const format of formats) {
    const old = new Gateway(
      cookieConfig({ cookie: 'route', format, keys: [key], sameSite: false }),
      pool,
    )
    const accept = [{ format, key, cookie: 'route' }]
    const gateway = new Gateway(cookieConfig({ accept }), pool, { seed: 2 })
    const cookies = old.issue(old.server(1))
    const binding = gateway.read(cookies)
    assert.equal(binding.server, gateway.server(1), format)
    assert.equal(binding.due, true, format)
    const renewed = cookieOf(gateway.answer(gateway.server(1), 'kept', { cookies }))
    assert.match(renewed, /^srv_id=/)
    const both = gateway.read(`${cookies}; ${renewed}`)
    assert.equal(both.due, false, format)
    if (format === 'sealed') assert.equal(both.session?.id, binding.session?.id)
  }
})

test('an older cookie may be of the same name, and come from either of nginx’s modules', () => {
  const pool = poolOf('10.0.0.1')
  const accept = [{ format: 'md5', key: undefined, cookie: 'srv_id' }] as const
  const gateway = new Gateway(cookieConfig({ accept }), pool)
  for (const style of ['nginx', 'sticky-module'] as const) {
    const cookie = new Gateway(nginxConfig(style), pool).issue()
    assert.equal(gateway.read(cookie).server, gateway.server(0), style)
    assert.equal(gateway.read(`srv_id=junk; ${cookie}`).server, gateway.server(0), style)
  }
  assert.equal(gateway.read('srv_id=junk').lost, 'bad-cookie')
})

test('a sealed cookie that lost its server is not overruled by an older cookie', () => {
  const accept = [{ format: 'text', key: undefined, cookie: 'route' }] as const
  const gateway = new Gateway(cookieConfig({ accept }), poolOf('a', 'b'))
  const cookie = gateway.issue(gateway.server(0))
  gateway.follow(poolOf('b'))
  assert.equal(gateway.read(`route=b; ${cookie}`).lost, 'removed')
})

test('stripped, neither our cookie nor an older one of ours reaches the server', () => {
  const accept = [{ format: 'md5', key: undefined, cookie: 'route' }] as const
  const { affinity } = new Gateway(cookieConfig({ accept }))
  assert.equal(affinity.forwardedCookies('a=1; srv_id=x; route=y; b=2'), 'a=1; b=2')
  assert.equal(affinity.forwardedCookies('srv_id=x'), '')
  assert.deepEqual(affinity.intercept('srv_id=theirs; Path=/'), { value: 'theirs' })
  assert.equal(affinity.intercept('session=theirs; Path=/'), undefined)
})

test('not stripped, cookies pass both ways as they are', () => {
  const { affinity } = new Gateway(cookieConfig({ strip: false }))
  assert.equal(affinity.forwardedCookies('a=1; srv_id=x'), 'a=1; srv_id=x')
  assert.equal(affinity.intercept('srv_id=theirs'), undefined)
})

test('the sticky module removes the server’s own cookie of the name even so', () => {
  const { affinity } = new Gateway(nginxConfig('sticky-module', { strip: false }))
  assert.deepEqual(affinity.intercept('SRV_ID=theirs'), { value: 'theirs' })
})

test('with transfer the server’s own cookie travels behind ours, and back', () => {
  for (const format of formats) {
    const gateway = new Gateway(cookieConfig({ format, transfer: true, delimiter: '~' }))
    const server = gateway.server(1)
    const cookies = cookieOf(gateway.answer(server, 'new', { transferred: 'theirs~too' }))
    const binding = gateway.read(cookies)
    assert.equal(binding.server, server, format)
    assert.equal(binding.serverPart, 'theirs~too')
    assert.equal(gateway.affinity.forwardedCookies(`a=1; ${cookies}`), 'a=1; srv_id=theirs~too')
    assert.equal(gateway.affinity.forwardedCookies(gateway.issue()), '')
  }
})

test('with transfer a kept session’s answer sets the cookie when the server sets its own', () => {
  const gateway = new Gateway(cookieConfig({ transfer: true }))
  const server = gateway.server(0)
  const cookies = cookieOf(gateway.answer(server, 'new', { transferred: 'one' }))
  assert.equal(gateway.answer(server, 'kept', { cookies }), undefined)
  const second = cookieOf(gateway.answer(server, 'kept', { cookies, transferred: 'two' }))
  assert.equal(gateway.read(second).serverPart, 'two')
  const cleared = cookieOf(gateway.answer(server, 'kept', { cookies, transferred: '' }))
  assert.equal(gateway.read(cleared).serverPart, undefined)
  assert.equal(gateway.read(cleared).server, server)
})

test('with transfer the server’s part survives a move, and the loss of the key', () => {
  const gateway = new Gateway(cookieConfig({ transfer: true }))
  const cookies = cookieOf(gateway.answer(gateway.server(0), 'new', { transferred: 'theirs' }))
  const moved = cookieOf(gateway.answer(gateway.server(1), 'moved', { cookies }))
  assert.equal(gateway.read(moved).serverPart, 'theirs')
  gateway.affinity.rotate(['quite another key, long enough'])
  assert.equal(gateway.read(cookies).serverPart, 'theirs')
})

test('in the sticky module’s style an answer without the server’s own cookie drops its part', () => {
  const gateway = new Gateway(nginxConfig('sticky-module', { transfer: true }))
  const cookies = cookieOf(gateway.answer(gateway.server(0), 'new', { transferred: 'theirs' }))
  const kept = cookieOf(gateway.answer(gateway.server(0), 'kept', { cookies }))
  assert.equal(gateway.read(kept).serverPart, undefined)
})

test('without transfer what the server sets is not ours to send', () => {
  const gateway = new Gateway(cookieConfig())
  const cookies = gateway.issue()
  const kept = gateway.answer(gateway.server(0), 'kept', { cookies, transferred: 'theirs' })
  assert.equal(kept, undefined)
})

test('a request without the cookie is unbound', () => {
  const gateway = new Gateway(cookieConfig())
  for (const cookies of ['', 'a=1', 'srv_id', 'srv_id=', 'xsrv_id=a']) {
    assert.equal(gateway.read(cookies), unbound)
  }
})

test('no text in the Cookie header makes reading, stripping or answering throw', () => {
  const gateways = formats.flatMap((format) => [
    new Gateway(cookieConfig({ format })),
    new Gateway(cookieConfig({ format, style: 'nginx', transfer: true })),
  ])
  const value = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.base64String())
  const header = fc.oneof(
    value,
    fc.array(value, { maxLength: 6 }).map((values) => values.map((v) => `srv_id=${v}`).join('; ')),
  )
  fc.assert(
    fc.property(header, (cookies) => {
      for (const gateway of gateways) {
        gateway.affinity.forwardedCookies(cookies)
        gateway.affinity.intercept(cookies)
        const { server } = gateway.read(cookies)
        const answer = gateway.answer(server ?? gateway.server(0), 'new', { cookies })
        assert.notEqual(answer, undefined)
      }
    }),
  )
})
