import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it, type TestContext } from 'node:test'
import type { CookieOptions } from '@holdfast/core'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import type { UpstreamOptions } from '#plugin/index.js'
import {
  Browser,
  FakeClock,
  KEY,
  LogLines,
  setCookies,
  startGateway,
  WARN,
} from './fixtures/gateway.js'
import { crash, deadAddress, Shop, startShops, status } from './fixtures/shop.js'

const SEALED = /^srv_id=[\w-]{78}; Path=\/; HttpOnly; SameSite=Lax$/

interface Scene {
  readonly app: FastifyInstance
  readonly shop: Shop
  readonly clock: FakeClock
  readonly lines: LogLines
}

/** One server behind a sticky cookie. */
async function sticky(
  t: TestContext,
  cookie: Partial<CookieOptions> = {},
  server: FastifyServerOptions = {},
): Promise<Scene> {
  const shop = await Shop.start(t)
  const clock = new FakeClock()
  const lines = new LogLines()
  const app = await startGateway(
    t,
    {
      prefix: '/',
      upstream: {
        name: 'shop',
        servers: [shop.address],
        sticky: { cookie: 'srv_id', keys: [KEY], ...cookie },
      },
    },
    { clock, server: { logger: { stream: lines.stream }, ...server } },
  )
  return { app, shop, clock, lines }
}

describe('The sticky cookie', () => {
  it('is set on the answer to a new session and marks that private', async (t) => {
    const { app } = await sticky(t)
    const response = await app.inject('/')
    const [line, ...others] = setCookies(response)
    assert.match(line ?? '', SEALED)
    assert.deepEqual(others, [])
    assert.equal(response.headers['cache-control'], 'private')
  })

  it('names the server that answered, not the one that failed before it', async (t) => {
    const dead = await deadAddress(t)
    const shop = await Shop.start(t)
    const app = await startGateway(t, {
      prefix: '/',
      upstream: {
        name: 'shop',
        servers: [dead, shop.address],
        sticky: { cookie: 'srv_id', value: 'text' },
      },
    })
    for (let i = 0; i < 2; i += 1) {
      const [line] = setCookies(await app.inject('/'))
      assert.ok(line?.startsWith(`srv_id=${shop.address};`), line)
    }
  })

  it('is set beside the cookies of the server', async (t) => {
    const { app, shop } = await sticky(t)
    shop.answer = status(200, { 'Set-Cookie': ['a=1; Path=/a', 'b=2'] })
    const lines = setCookies(await app.inject('/'))
    assert.deepEqual(lines.slice(0, 2), ['a=1; Path=/a', 'b=2'])
    assert.match(lines[2] ?? '', SEALED)
  })

  it('is set on whatever the server answers: errors, redirects, HEAD and OPTIONS', async (t) => {
    const { app, shop } = await sticky(t)
    for (const code of [204, 302, 404, 500]) {
      shop.answer = status(code)
      assert.equal(setCookies(await app.inject('/')).length, 1, String(code))
    }
    for (const method of ['HEAD', 'OPTIONS'] as const) {
      assert.equal(setCookies(await app.inject({ method, url: '/' })).length, 1, method)
    }
  })

  it("is not set on the gateway's own errors", async (t) => {
    const { app, shop } = await sticky(t)
    shop.answer = crash
    const response = await app.inject('/')
    assert.equal(response.statusCode, 502)
    assert.deepEqual(setCookies(response), [])
  })

  it('carries the attributes that were asked for', async (t) => {
    const { app } = await sticky(t, {
      expires: '1h',
      domain: 'shop.example',
      path: '/shop',
      secure: true,
      httpOnly: false,
      sameSite: 'none',
      partitioned: true,
    })
    const response = await app.inject({ url: '/', headers: { host: 'www.shop.example' } })
    assert.match(
      setCookies(response)[0] ?? '',
      /^srv_id=[\w-]{78}; Path=\/shop; Max-Age=3600; Expires=Mon, 23 Nov 2026 01:16:40 GMT; Domain=shop\.example; Secure; SameSite=None; Partitioned$/,
    )
  })

  it('is Secure where the client came over HTTPS, as a trusted proxy says', async (t) => {
    const https = { 'x-forwarded-proto': 'https' }
    const isSecure = async ({ app }: Scene, headers = {}) =>
      /; Secure/.test(setCookies(await app.inject({ url: '/', headers }))[0] ?? '')
    const trusting = await sticky(t, {}, { trustProxy: true })
    assert.equal(await isSecure(trusting, https), true)
    assert.equal(await isSecure(trusting), false)
    const distrustful = await sticky(t)
    assert.equal(await isSecure(distrustful, https), false)
  })

  it('whose Domain is not that of the host is remarked on once', async (t) => {
    const { app, lines } = await sticky(t, { domain: '.shop.example' })
    for (const host of [
      'shop.example:8443',
      'www.SHOP.example',
      'other.example',
      'third.example',
    ]) {
      await app.inject({ url: '/', headers: { host } })
    }
    const warnings = lines.all.filter(({ level }) => level === WARN)
    assert.deepEqual(
      warnings.map(({ upstream, domain, host }) => ({ upstream, domain, host })),
      [{ upstream: 'shop', domain: '.shop.example', host: 'other.example' }],
    )
  })

  it('slides: it is sent again when an eighth of its life has passed', async (t) => {
    const { app, clock } = await sticky(t, { expires: '8m' })
    const browser = new Browser(app)
    await browser.get()
    clock.pass(59)
    assert.deepEqual(setCookies(await browser.get()), [])
    clock.pass(2)
    assert.equal(setCookies(await browser.get()).length, 1)
    assert.deepEqual(setCookies(await browser.get()), [])
  })

  it('is kept from the server, and a cookie of its name from the client', async (t) => {
    const { app, shop } = await sticky(t)
    shop.answer = status(200, { 'Set-Cookie': ['srv_id=mine', 'own=1'] })
    const browser = new Browser(app)
    const lines = setCookies(await browser.get('/', { cookie: 'a=1; srv_id=x; b=2' }))
    assert.equal(shop.heard.cookie, 'a=1; b=2')
    assert.deepEqual(
      lines.map((line) => line.split('=')[0]),
      ['own', 'srv_id'],
    )
    await browser.get('/', { cookie: `srv_id=${browser.jar.get('srv_id')}` })
    assert.equal(shop.heard.cookie, undefined)
  })

  it('passes in both directions with strip false', async (t) => {
    const { app, shop } = await sticky(t, { strip: false })
    shop.answer = status(200, { 'Set-Cookie': 'srv_id=mine' })
    const cookie = 'a=1; srv_id=x'
    const lines = setCookies(await app.inject({ url: '/', headers: { cookie } }))
    assert.equal(shop.heard.cookie, cookie)
    assert.equal(lines[0], 'srv_id=mine')
  })

  it('is used but never set with hide', async (t) => {
    const [a, b] = await startShops(t)
    const upstream = (hide: boolean): UpstreamOptions => ({
      name: 'shop',
      servers: [a!.address, b!.address],
      sticky: { cookie: 'srv_id', keys: [KEY], hide },
    })
    const open = new Browser(await startGateway(t, { prefix: '/', upstream: upstream(false) }))
    const home = await open.visit()
    const app = await startGateway(t, { prefix: '/', upstream: upstream(true) })
    const browser = new Browser(app)
    browser.jar.set('srv_id', open.jar.get('srv_id') ?? '')
    for (let i = 0; i < 3; i += 1) assert.equal(await browser.visit(), home)
    assert.deepEqual(setCookies(await app.inject('/')), [])
  })

  it("carries the server's own cookie of that name along with transfer", async (t) => {
    const { app, shop } = await sticky(t, { transfer: true, delimiter: '~' })
    shop.answer = status(200, { 'Set-Cookie': 'srv_id=own-1; Path=/' })
    const browser = new Browser(app)
    const [line] = setCookies(await browser.get())
    assert.match(line ?? '', /^srv_id=[\w-]{78}~own-1; Path=\//)
    await browser.get('/', { cookie: `a=1; srv_id=${browser.jar.get('srv_id')}` })
    assert.equal(shop.heard.cookie, 'a=1; srv_id=own-1')
  })
})

describe('Shared caches', () => {
  for (const headers of [
    { 'Cache-Control': 'public, max-age=60' },
    { 'Cache-Control': 'max-age=0, S-MaxAge=10' },
    { 'Cache-Control': ['max-age=1', 'PUBLIC'] },
    { 'CDN-Cache-Control': 'max-age=60' },
    { 'Surrogate-Control': 'max-age=60' },
  ]) {
    it(`get no cookie: ${JSON.stringify(headers)}`, async (t) => {
      const { app, shop } = await sticky(t)
      shop.answer = status(200, headers as Record<string, string>)
      const response = await app.inject('/')
      assert.deepEqual(setCookies(response), [])
      assert.ok(!/private/.test(String(response.headers['cache-control'])))

      // The next answer pins.
      shop.answer = status(200)
      assert.equal(setCookies(await app.inject('/')).length, 1)
    })
  }

  it('get no cookie with a 304', async (t) => {
    const { app, shop } = await sticky(t)
    shop.answer = status(304, { etag: '"1"' })
    assert.deepEqual(setCookies(await app.inject('/')), [])
  })

  for (const [said, sent] of [
    ['private', ['private']],
    ['no-store', ['no-store']],
    ['max-age=60', ['max-age=60', 'private']],
    ['no-cache, private="set-cookie"', ['no-cache, private="set-cookie"', 'private']],
  ] as const) {
    it(`are kept away from an answer with a cookie: ${said}`, async (t) => {
      const { app, shop } = await sticky(t)
      shop.answer = status(200, { 'Cache-Control': said })
      const response = await app.inject('/')
      assert.equal(setCookies(response).length, 1)
      assert.deepEqual([response.headers['cache-control']].flat(), sent)
    })
  }

  it('are none of its business where no cookie is due', async (t) => {
    const { app, shop } = await sticky(t)
    const browser = new Browser(app)
    await browser.get()
    shop.answer = status(200, { 'Cache-Control': 'max-age=60' })
    assert.equal((await browser.get()).headers['cache-control'], 'max-age=60')
  })
})

describe("nginx's styles", () => {
  const md5 = (text: string) => createHash('md5').update(text).digest('hex')

  it("sticky-module's cookie is that of the module, on every answer, errors included", async (t) => {
    const { app, shop } = await sticky(t, {
      keys: undefined,
      style: 'sticky-module',
      expires: '1h',
    })
    const expected = `srv_id=${md5(shop.address)}; Expires=Mon, 23-Nov-2026 01:16:40 GMT; Path=/`
    const browser = new Browser(app)
    for (let i = 0; i < 2; i += 1) assert.deepEqual(setCookies(await browser.get()), [expected])
    shop.answer = status(304, { 'cache-control': 'public' })
    const cached = await browser.get()
    assert.deepEqual(setCookies(cached), [expected])
    assert.equal(cached.headers['cache-control'], 'public')
    shop.answer = crash
    const failed = await browser.get()
    assert.equal(failed.statusCode, 502)
    assert.deepEqual(setCookies(failed), [expected])
  })

  it("nginx's own is in its case and order, and the route is its value", async (t) => {
    const shop = await Shop.start(t)
    const app = await startGateway(
      t,
      {
        prefix: '/',
        upstream: {
          name: 'shop',
          servers: [{ address: shop.address, route: 'a1' }],
          sticky: {
            cookie: 'srv_id',
            style: 'nginx',
            expires: 'max',
            domain: '.shop.example',
            path: '/',
            httpOnly: true,
            secure: true,
          },
        },
      },
      { clock: new FakeClock() },
    )
    const [line] = setCookies(await app.inject({ url: '/', headers: { host: 'shop.example' } }))
    assert.equal(
      line,
      'srv_id=a1; expires=Thu, 31-Dec-37 23:55:55 GMT; max-age=315360000; domain=.shop.example; httponly; secure; path=/',
    )
  })
})
