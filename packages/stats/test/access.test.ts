import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { OptionError } from '@holdfast/core'
import Fastify, { type FastifyInstance, type InjectOptions } from 'fastify'
import { stats } from '#stats/index.js'
import { serve } from './fixtures/app.js'
import { ADMIN, bearer, FakeGateway, READ, serveGateway } from './fixtures/gateway.js'
import { aReplica } from './fixtures/snapshots.js'

const SERVER = '/api/v1/upstreams/shop/servers/shop-1'

async function status(app: FastifyInstance, url: string, headers = {}): Promise<number> {
  return (await app.inject({ url, headers })).statusCode
}

describe('Reading', () => {
  const SECRETS = ['/metrics', '/api/v1/fleet', '/api/v1/upstreams', '/status/format/json', SERVER]

  test('wants the read token where there is one; the admin token will do', async (t) => {
    const { app } = await serveGateway(t)
    for (const url of SECRETS) {
      assert.equal(await status(app, url), 401, url)
      assert.equal(await status(app, url, bearer('wrong-token-0123456789')), 401, url)
      assert.equal(await status(app, url, bearer(READ)), 200, url)
      assert.equal(await status(app, url, bearer(ADMIN)), 200, url)
    }
  })

  test('says how to be let in, and nothing else', async (t) => {
    const { app } = await serveGateway(t)
    const response = await app.inject('/api/v1/upstreams')
    assert.match(String(response.headers['www-authenticate']), /^Bearer/)
    assert.doesNotMatch(response.body, /shop|10\.0/)
  })

  test('never looks at cookies or at the query', async (t) => {
    const { app } = await serveGateway(t)
    const headers = { cookie: `token=${READ}; authorization=Bearer ${READ}` }
    assert.equal(await status(app, `/metrics?token=${READ}&access_token=${READ}`, headers), 401)
  })

  test('needs no token for the shell of the dashboard, the probes and the description', async (t) => {
    const { app } = await serveGateway(t)
    for (const url of ['/', '/main.js', '/style.css', '/healthz', '/readyz', '/openapi.json']) {
      assert.equal(await status(app, url), 200, url)
    }
  })

  test('without a token is for names of this machine only: a rebound name comes with itself', async (t) => {
    const app = await serve(t, () => aReplica())
    for (const host of [
      'localhost',
      'localhost:9090',
      '127.0.0.1:9090',
      '[::1]:9090',
      'LOCALHOST',
    ]) {
      assert.equal(await status(app, '/metrics', { host }), 200, host)
    }
    for (const host of [
      'evil.example',
      '127.0.0.1.evil.example',
      '10.0.0.1',
      'localhost.evil.example',
    ]) {
      assert.equal(await status(app, '/metrics', { host }), 403, host)
    }
  })

  test('without a token may be allowed for further names', async (t) => {
    const app = await serve(t, () => aReplica(), { hosts: ['Stats.internal:9090'] })
    assert.equal(await status(app, '/metrics', { host: 'stats.internal:9090' }), 200)
    assert.equal(await status(app, '/metrics', { host: 'stats.internal' }), 403)
  })

  test('is not for pages of other sites', async (t) => {
    const app = await serve(t, () => aReplica())
    const host = 'localhost:9090'
    assert.equal(await status(app, '/metrics', { host, origin: 'http://localhost:9090' }), 200)
    assert.equal(await status(app, '/metrics', { host, origin: 'http://evil.example' }), 403)
    assert.equal(await status(app, '/metrics', { host, origin: 'null' }), 403)
    assert.equal(await status(app, '/metrics', { host, 'sec-fetch-site': 'cross-site' }), 403)
  })

  test('off loopback is refused without a token, whatever the Host says', async (t) => {
    // What a socket of another interface looks like to the guard.
    const outside = Fastify()
    t.after(() => outside.close())
    outside.addHook('onRequest', async (request) => {
      Object.defineProperty(request.raw.socket, 'localAddress', { value: '10.0.0.5' })
    })
    await outside.register(stats, { source: () => aReplica() })
    const response = await outside.inject({ url: '/metrics', headers: { host: 'localhost' } })
    assert.equal(response.statusCode, 403)
    assert.equal(response.json().code, 'HOLDFAST_NO_TOKEN')
  })
})

describe('Acting', () => {
  const drain = { method: 'POST', url: SERVER, payload: { state: 'drain' } } as const

  test('wants the admin token', async (t) => {
    const { app, gateway } = await serveGateway(t)
    for (const [headers, expected] of [
      [{}, 401],
      [bearer('short'), 401],
      [bearer('wrong-token-0123456789'), 401],
      [{ authorization: `Basic ${ADMIN}` }, 401],
      [{ authorization: ADMIN }, 401],
      [{ cookie: `token=${ADMIN}` }, 401],
      [bearer(READ), 403],
    ] as const) {
      assert.equal((await app.inject({ ...drain, headers })).statusCode, expected)
    }
    assert.deepEqual(gateway.words, [])
    assert.equal((await app.inject({ ...drain, headers: bearer(ADMIN) })).statusCode, 200)
    assert.equal(gateway.words.length, 1)
  })

  test('without an admin token does not exist', async (t) => {
    const { app, gateway } = await serveGateway(t, { tokens: { read: READ } })
    const headers = bearer(READ)
    assert.equal((await app.inject({ ...drain, headers })).statusCode, 404)
    assert.equal((await app.inject({ method: 'DELETE', url: SERVER, headers })).statusCode, 404)
    assert.deepEqual(gateway.words, [])
  })

  test('is not for pages of other sites, token or not', async (t) => {
    const { app, gateway } = await serveGateway(t)
    for (const forged of [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: 'https://localhost:80.evil.example' },
      { 'sec-fetch-site': 'cross-site' },
    ]) {
      const headers = { ...bearer(ADMIN), ...forged }
      assert.equal((await app.inject({ ...drain, headers })).statusCode, 403)
    }
    assert.deepEqual(gateway.words, [])
  })

  test('cannot be reached by any spelling of its path without a token', async (t) => {
    const { app, gateway } = await serveGateway(t)
    const prefixes = ['', '/', '//', '/./', '/../', '/%2e/', '/%2f', '/;', '/x/../', '/%00']
    const paths = [
      SERVER,
      SERVER.toUpperCase(),
      SERVER.replaceAll('/', '//'),
      SERVER.replace('api', '%61pi'),
      `${SERVER}/`,
      `${SERVER}/.`,
      `${SERVER};a=b`,
      `${SERVER}%20`,
      `${SERVER}?_method=POST`,
      SERVER.replace('servers', 'servers/../servers'),
    ]
    const spellings = [...prefixes.map((prefix) => `${prefix}${SERVER.slice(1)}`), ...paths]
    const methods = ['POST', 'DELETE', 'PUT', 'PATCH', 'GET', 'HEAD', 'OPTIONS'] as const
    const forged = {
      'x-http-method-override': 'POST',
      'x-http-method': 'POST',
      'x-method-override': 'DELETE',
      'x-original-url': SERVER,
      'x-rewrite-url': SERVER,
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': 'localhost',
    }
    let tried = 0
    for (const url of spellings) {
      for (const method of methods) {
        const options: InjectOptions = { method, url, headers: forged }
        const { statusCode } = await app.inject(
          method === 'POST' ? { ...options, payload: { state: 'down' } } : options,
        )
        assert.ok([400, 401, 403, 404].includes(statusCode), `${method} ${url}: ${statusCode}`)
        tried += 1
      }
    }
    assert.ok(tried >= 40)
    assert.deepEqual(gateway.words, [])
  })
})

describe('Tokens', () => {
  for (const [what, tokens] of Object.entries({
    'a short read token': { read: 'short' },
    'a short admin token': { admin: 'fifteen-chars--' },
    'one token for both': { read: ADMIN, admin: ADMIN },
  })) {
    test(`refuses ${what}, and does not repeat it`, async (t) => {
      const app = Fastify()
      t.after(() => app.close())
      const error: unknown = await app
        .register(stats, { gateway: new FakeGateway(), tokens })
        .then(undefined, (reason: unknown) => reason)
      assert.ok(error instanceof OptionError)
      for (const token of Object.values(tokens)) assert.ok(!error.message.includes(token))
    })
  }

  test('may be guessed ten times a minute; then the right one is not looked at either', async (t) => {
    const { app } = await serveGateway(t)
    for (let i = 0; i < 10; i += 1) {
      assert.equal(await status(app, '/metrics', bearer(`guess-number-${i}-0123`)), 401)
    }
    const barred = await app.inject({ url: '/metrics', headers: bearer(READ) })
    assert.equal(barred.statusCode, 429)
    assert.equal(barred.headers['retry-after'], '60')
  })

  test('that are wrong again and again are a mistake and lock nobody out', async (t) => {
    const { app } = await serveGateway(t)
    for (let i = 0; i < 50; i += 1) {
      assert.equal(await status(app, '/metrics', bearer('wrong-token-0123456789')), 401)
    }
    assert.equal(await status(app, '/metrics', bearer(READ)), 200)
  })
})
