import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CookieConfig } from '#core/affinity/config.js'
import { parseUpstreamOptions } from '#core/options/options.js'
import type { UpstreamOptions } from '#core/options/types.js'
import { KEY, parseCookie, shop } from './fixtures.js'

describe('an upstream of which little is said', () => {
  it('is complete, with the numbers of the contract', () => {
    assert.deepEqual(parseUpstreamOptions({ name: 'shop', servers: ['a'] }), {
      name: 'shop',
      servers: [
        {
          address: 'a',
          id: 'a',
          tls: false,
          incarnation: 0,
          weight: 1,
          maxFails: 3,
          failTimeoutS: 30,
          slowStartS: 0,
          maxConns: 0,
          backup: false,
          down: false,
          drain: false,
          route: undefined,
        },
      ],
      balance: { kind: 'round-robin' },
      hashKey: undefined,
      sticky: undefined,
      retry: {
        error: true,
        timeout: true,
        invalidHeader: false,
        nonIdempotent: false,
        statuses: new Set(),
        tries: 3,
        timeoutMs: 0,
        budget: { ratio: 0.2, minPerSecond: 3 },
        bufferBytes: 65_536,
      },
      timeouts: {
        connectMs: 60_000,
        sendMs: 60_000,
        headersMs: 60_000,
        bodyMs: 60_000,
        responseMs: 0,
        tunnelMs: 3_600_000,
      },
      ejection: { backoff: 1, capMs: undefined, maxShare: 1 },
      host: '$host',
      tls: { ca: undefined, cert: undefined, key: undefined, servername: undefined, verify: true },
      failOpen: true,
      names: [],
      discover: undefined,
      resolver: undefined,
      rebalance: undefined,
      settleMs: 0,
      lingerMs: 60_000,
      checks: undefined,
      warnings: [],
    })
  })

  it('does not change when the rest is undefined', () => {
    const options = shop({
      balance: undefined,
      sticky: undefined,
      retry: { tries: undefined, budget: { ratio: undefined } },
      servers: [{ address: 'a', weight: undefined, slowStart: undefined }],
    })
    assert.deepEqual(parseUpstreamOptions(options), parseUpstreamOptions(shop({ servers: ['a'] })))
  })
})

describe('a parsed upstream', () => {
  const authority = Buffer.from('PEM')
  const key = () => 'x'
  const options = (): UpstreamOptions => ({
    name: 'shop',
    servers: [{ address: 'https://a', route: 'r1' }, 'b'],
    balance: { hash: ['$cookie_PHPSESSID', key], ipv6Prefix: 64, loadFactor: 1.25 },
    sticky: { cookie: 'srv_id', keys: [KEY], accept: [{ value: 'md5' }] },
    retry: { on: ['error', 503] },
    tls: { ca: [authority] },
  })

  it('is frozen all the way down', () => {
    const unfrozen = (value: unknown, path: string): string[] => {
      if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return []
      const here = Object.isFrozen(value) || value instanceof Set ? [] : [path]
      return [...here, ...Object.entries(value).flatMap(([k, v]) => unfrozen(v, `${path}.${k}`))]
    }
    assert.deepEqual(unfrozen(parseUpstreamOptions(options()), 'config'), [])
  })

  it("leaves the caller's object as it was, and what it holds unfrozen", () => {
    const given = options()
    parseUpstreamOptions(given)
    assert.deepEqual(given, options())
    assert.ok(!Object.isFrozen(given) && !Object.isFrozen(given.servers))
    assert.ok(!Object.isFrozen(given.sticky) && !Object.isFrozen(key))
  })

  it('is the same from a frozen object, every time', () => {
    const freeze = <T>(value: T): T => {
      if (typeof value === 'object' && value !== null && !Buffer.isBuffer(value)) {
        for (const member of Object.values(value)) freeze(member)
        Object.freeze(value)
      }
      return value
    }
    const given = freeze(options())
    assert.deepEqual(parseUpstreamOptions(given), parseUpstreamOptions(options()))
    assert.deepEqual(parseUpstreamOptions(given), parseUpstreamOptions(given))
  })
})

describe('short forms and units', () => {
  it('backups are for round robin and least connections', () => {
    const servers = ['a', { address: 'b', backup: true }]
    for (const balance of ['round-robin', 'least-conn']) {
      assert.equal(parseUpstreamOptions(shop({ servers, balance })).servers[1]?.backup, true)
    }
  })

  it('one key is a list of one', () => {
    const { balance, hashKey } = parseUpstreamOptions(shop({ balance: { hash: '$remote_addr' } }))
    assert.deepEqual(balance, { kind: 'hash', consistent: true, loadFactor: undefined })
    assert.deepEqual(hashKey, {
      keys: ['$remote_addr'],
      whenEmpty: '$remote_addr',
      ipv6Prefix: undefined,
    })
    const { sticky } = parseUpstreamOptions(shop({ sticky: { route: '$cookie_jvm' } }))
    assert.deepEqual(sticky, { kind: 'route', route: ['$cookie_jvm'], fallback: true })
  })

  it('an empty key may turn to round robin, as in nginx', () => {
    const balance = { hash: '$cookie_a', whenEmpty: 'round-robin', consistent: false }
    const { hashKey } = parseUpstreamOptions(shop({ balance }))
    assert.equal(hashKey?.whenEmpty, 'round-robin')
  })

  it('durations become milliseconds, or whole seconds where nginx counts them', () => {
    const config = parseUpstreamOptions(
      shop({
        servers: [{ address: 'a', failTimeout: '1m 30s' }],
        timeouts: { connect: '500ms', tunnel: '1h 30m' },
        ejection: { cap: '5m' },
      }),
    )
    assert.equal(config.servers[0]?.failTimeoutS, 90)
    assert.equal(config.timeouts.connectMs, 500)
    assert.equal(config.timeouts.tunnelMs, 5_400_000)
    assert.equal(config.ejection.capMs, 300_000)
  })

  it('what is tried again is taken apart', () => {
    const on = ['invalid-header', 'non-idempotent', 503, 429]
    const { retry } = parseUpstreamOptions(shop({ retry: { on, budget: false } }))
    assert.deepEqual(
      [retry.error, retry.timeout, retry.invalidHeader, retry.nonIdempotent],
      [false, false, true, true],
    )
    assert.deepEqual(retry.statuses, new Set([503, 429]))
    assert.equal(retry.budget, undefined)
  })

  it('a named life becomes a number that is never 0', () => {
    const incarnation = (value: unknown) =>
      parseUpstreamOptions(shop({ servers: [{ address: 'a', incarnation: value }] })).servers[0]
        ?.incarnation
    // The first four bytes of SHA-256('abc').
    assert.equal(incarnation('abc'), 0xba7816bf)
    assert.equal(incarnation(2 ** 32 - 1), 4_294_967_295)
  })
})

describe('a cookie of which little is said', () => {
  const attributes = (config: CookieConfig) => {
    const { format, path, secure, httpOnly, sameSite, strip } = config
    return { format, path, secure, httpOnly, sameSite, strip }
  }

  it('is sealed and guarded when there are keys', () => {
    assert.deepEqual(attributes(parseCookie({ keys: [KEY] })), {
      format: 'sealed',
      path: '/',
      secure: 'auto',
      httpOnly: true,
      sameSite: 'lax',
      strip: true,
    })
  })

  it("is nginx's md5 when there are none", () => {
    assert.equal(parseCookie({}).format, 'md5')
  })

  it("is the sticky module's in its style", () => {
    assert.deepEqual(attributes(parseCookie({ style: 'sticky-module' })), {
      format: 'md5',
      path: '/',
      secure: false,
      httpOnly: false,
      sameSite: false,
      strip: false,
    })
  })

  it("is nginx's in its style, without a path", () => {
    assert.deepEqual(attributes(parseCookie({ style: 'nginx' })), {
      format: 'md5',
      path: undefined,
      secure: false,
      httpOnly: false,
      sameSite: false,
      strip: false,
    })
  })

  it('keeps what is said, whatever the style', () => {
    const said = {
      path: '/x',
      secure: true,
      httpOnly: true,
      sameSite: 'strict',
      strip: true,
    } as const
    assert.deepEqual(attributes(parseCookie({ style: 'nginx', value: 'sha1', ...said })), {
      format: 'sha1',
      ...said,
    })
  })

  it('accepts older cookies under its own name unless they had another', () => {
    const accept = [
      { value: 'md5' },
      { value: 'hmac-sha1', key: 'short', cookie: 'route' },
    ] as const
    assert.deepEqual(parseCookie({ keys: [KEY], accept }).accept, [
      { format: 'md5', key: undefined, cookie: 'srv_id' },
      { format: 'hmac-sha1', key: 'short', cookie: 'route' },
    ])
  })

  it('may last as long as nginx can say', () => {
    assert.equal(parseCookie({ expires: 'max' }).expires, 'max')
    assert.equal(parseCookie({ expires: '1h' }).expires, 3_600_000)
  })

  it('may be a __Host- cookie just so', () => {
    assert.equal(parseCookie({ cookie: '__Host-srv', keys: [KEY] }).secure, 'auto')
  })
})
