import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import Fastify from 'fastify'
import { holdfast } from '#plugin/index.js'
import { Browser, KEY, LogLines, startGateway, WARN } from './fixtures/gateway.js'
import { type Asked, Shop, startShops } from './fixtures/shop.js'

describe('Registering the plugin', () => {
  it('passes everything below its prefix on, without the prefix', async (t) => {
    const shop = await Shop.start(t)
    const upstream = { name: 'shop', servers: [shop.address] }
    const app = await startGateway(t, { prefix: '/shop', upstream })
    for (const [url, arrives] of [
      ['/shop', '/'],
      ['/shop/', '/'],
      ['/shop?q=1', '/?q=1'],
      ['/shop/a//b?x=%20&y', '/a//b?x=%20&y'],
    ]) {
      await app.inject(url as string)
      assert.equal(shop.asked.at(-1)?.url, arrives)
    }
    assert.equal((await app.inject('/shopping')).statusCode, 404)
    assert.equal((await app.inject('/')).statusCode, 404)
  })

  for (const prefix of [undefined, '/', '']) {
    it(`serves the whole gateway with prefix ${JSON.stringify(prefix)}`, async (t) => {
      const shop = await Shop.start(t)
      const upstream = { name: 'shop', servers: [shop.address] }
      const app = await startGateway(t, { ...(prefix === undefined ? {} : { prefix }), upstream })
      for (const url of ['/', '/a', '/a/b?c']) {
        await app.inject(url)
        assert.equal(shop.asked.at(-1)?.url, url)
      }
    })
  }

  it('puts rewritePrefix in the place of the prefix', async (t) => {
    const shop = await Shop.start(t)
    const upstream = { name: 'shop', servers: [shop.address] }
    const app = await startGateway(t, { prefix: '/v1', rewritePrefix: '/api/', upstream })
    for (const [url, arrives] of [
      ['/v1', '/api/'],
      ['/v1/users?a', '/api/users?a'],
    ]) {
      await app.inject(url as string)
      assert.equal(shop.asked.at(-1)?.url, arrives)
    }
  })

  it('strips a prefix with parameters, and hooks see them', async (t) => {
    const shop = await Shop.start(t)
    const seen: unknown[] = []
    const app = await startGateway(t, {
      prefix: '/t/:tenant/shop',
      upstream: { name: 'shop', servers: [shop.address] },
      preHandler: async (request) => {
        seen.push({ ...(request.params as object) })
      },
    })
    await app.inject('/t/acme/shop/cart?x')
    assert.equal(shop.asked.at(-1)?.url, '/cart?x')
    assert.deepEqual(seen, [{ tenant: 'acme', '*': 'cart' }])
  })

  it("inside a user's own prefixed scope strips the whole prefix", async (t) => {
    const shop = await Shop.start(t)
    const app = Fastify()
    t.after(() => app.close())
    await app.register(
      async (scope) => {
        await scope.register(holdfast, {
          prefix: '/shop',
          upstream: { name: 'shop', servers: [shop.address] },
        })
      },
      { prefix: '/api' },
    )
    await app.inject('/api/shop/cart')
    assert.equal(shop.asked.at(-1)?.url, '/cart')
  })

  it('decorates once: later registrations, in inner scopes too, share all with the first', async (t) => {
    const [a, b] = await startShops(t)
    const app = await startGateway(
      t,
      { prefix: '/a', upstream: { name: 'one', servers: [a!.address] } },
      {
        after: (app) =>
          app.register(
            async (scope) => {
              await scope.register(holdfast, {
                prefix: '/b',
                upstream: { name: 'two', servers: [b!.address] },
              })
              assert.equal(scope.holdfast, app.holdfast)
            },
            { prefix: '/inner' },
          ),
      },
    )
    const browser = new Browser(app)
    assert.equal(await browser.visit('/a'), 'a')
    assert.equal(await browser.visit('/inner/b'), 'b')
    const names = app.holdfast.snapshot().upstreams.map(({ name }) => name)
    assert.deepEqual(names, ['one', 'two'])
  })

  it('leaves other routes of the gateway alone', async (t) => {
    const shop = await Shop.start(t)
    const upstream = { name: 'shop', servers: [shop.address] }
    const app = await startGateway(
      t,
      { prefix: '/', upstream },
      {
        before: (app) => app.post('/login', async (request) => ({ got: request.body })),
      },
    )
    const response = await app.inject({ method: 'POST', url: '/login', payload: { user: 1 } })
    assert.deepEqual(response.json(), { got: { user: 1 } })
    assert.equal(shop.asked.length, 0)
  })

  it('limits itself to httpMethods', async (t) => {
    const shop = await Shop.start(t)
    const upstream = { name: 'shop', servers: [shop.address] }
    const app = await startGateway(t, { prefix: '/', upstream, httpMethods: ['GET', 'POST'] })
    assert.equal((await app.inject('/')).statusCode, 200)
    assert.equal((await app.inject({ method: 'POST', url: '/', payload: 'x' })).statusCode, 200)
    for (const method of ['HEAD', 'PUT', 'DELETE'] as const) {
      assert.equal((await app.inject({ method, url: '/' })).statusCode, 404, method)
    }
  })

  it('asks the server itself about HEAD and OPTIONS', async (t) => {
    const shop = await Shop.start(t)
    shop.answer = (response) => response.writeHead(204, { 'x-by': 'server' }).end()
    const upstream = { name: 'shop', servers: [shop.address] }
    const app = await startGateway(t, { prefix: '/', upstream })
    for (const method of ['HEAD', 'OPTIONS'] as const) {
      const response = await app.inject({ method, url: '/x' })
      assert.equal(response.statusCode, 204)
      assert.equal(response.headers['x-by'], 'server')
      assert.equal(shop.asked.at(-1)?.method, method)
    }
  })

  it('routes by constraints', async (t) => {
    const [a, b] = await startShops(t)
    const app = await startGateway(t, [
      {
        prefix: '/',
        upstream: { name: 'a', servers: [a!.address] },
        constraints: { host: 'a.example' },
      },
      {
        prefix: '/',
        upstream: { name: 'b', servers: [b!.address] },
        constraints: { host: 'b.example' },
      },
    ])
    for (const name of ['a', 'b']) {
      const response = await app.inject({ url: '/', headers: { host: `${name}.example` } })
      assert.equal(response.json<Asked>().server, name)
    }
    const nobody = await app.inject({ url: '/', headers: { host: 'c.example' } })
    assert.equal(nobody.statusCode, 404)
  })

  it('runs preHandler, which may answer itself', async (t) => {
    const shop = await Shop.start(t)
    const app = await startGateway(t, {
      prefix: '/',
      upstream: { name: 'shop', servers: [shop.address] },
      preHandler: [
        async (request, reply) => {
          if (request.headers.authorization === undefined) await reply.code(401).send('who?')
        },
      ],
    })
    assert.equal((await app.inject('/')).statusCode, 401)
    assert.equal(shop.asked.length, 0)
    const known = await app.inject({ url: '/', headers: { authorization: 'me' } })
    assert.equal(known.statusCode, 200)
  })

  it('lets rewriteRequestHeaders and rewriteHeaders change what passes', async (t) => {
    const shop = await Shop.start(t)
    shop.answer = (response) => {
      response.writeHead(200, { 'X-Powered-By': 'shop', 'Set-Cookie': ['a=1', 'b=2'] }).end('hi')
    }
    const app = await startGateway(t, {
      prefix: '/',
      upstream: {
        name: 'shop',
        servers: [shop.address],
        sticky: { cookie: 'srv_id', keys: [KEY] },
      },
      rewriteRequestHeaders: (request, { 'x-secret': _, ...headers }) => ({
        ...headers,
        'x-id': String(request.id),
        'x-list': ['1', '2'],
      }),
      rewriteHeaders: ({ 'x-powered-by': _, ...headers }, request) => ({
        ...headers,
        'x-method': request?.method,
      }),
    })
    const response = await app.inject({ url: '/', headers: { 'x-secret': 'yes' } })
    assert.equal(shop.heard['x-secret'], undefined)
    assert.match(String(shop.heard['x-id']), /^req-/)
    assert.equal(shop.heard['x-list'], '1, 2')
    assert.equal(shop.heard.host, 'localhost:80')
    assert.equal(response.headers['x-powered-by'], undefined)
    assert.equal(response.headers['x-method'], 'GET')
    assert.deepEqual(
      response.cookies.map(({ name }) => name),
      ['a', 'b', 'srv_id'],
    )
  })

  it('counts bodyLimit while the body passes', async (t) => {
    const shop = await Shop.start(t)
    const app = await startGateway(t, {
      prefix: '/',
      upstream: { name: 'shop', servers: [shop.address] },
      bodyLimit: 10,
    })
    const small = await app.inject({ method: 'POST', url: '/', payload: '0123456789' })
    assert.equal(small.statusCode, 200)
    const large = await app.inject({ method: 'POST', url: '/', payload: '0123456789a' })
    assert.equal(large.statusCode, 413)
    assert.equal(large.json<{ code: string }>().code, 'HOLDFAST_BODY_TOO_LARGE')
  })

  it("takes Fastify's bodyLimit where it is given none", async (t) => {
    const shop = await Shop.start(t)
    const upstream = { name: 'shop', servers: [shop.address] }
    const app = await startGateway(t, { prefix: '/', upstream }, { server: { bodyLimit: 4 } })
    const large = await app.inject({ method: 'POST', url: '/', payload: '01234' })
    assert.equal(large.statusCode, 413)
  })

  it('warns that health is not shared when fleet.redis is undefined, and works', async (t) => {
    const shop = await Shop.start(t)
    const lines = new LogLines()
    const upstream = { name: 'shop', servers: [shop.address] }
    const app = await startGateway(
      t,
      { prefix: '/', upstream, fleet: { redis: undefined } },
      { server: { logger: { stream: lines.stream } } },
    )
    const [warning] = lines.all.filter(({ level }) => level === WARN)
    assert.match(warning?.msg ?? '', /health is not shared/)
    assert.equal(await new Browser(app).visit(), 'a')
  })

  it('warns of what the upstream allows but should not be', async (t) => {
    const shop = await Shop.start(t)
    const lines = new LogLines()
    await startGateway(
      t,
      {
        prefix: '/',
        upstream: { name: 'shop', servers: [shop.address], sticky: { cookie: 'srv_id' } },
      },
      { server: { logger: { stream: lines.stream } } },
    )
    const [warning] = lines.all.filter(({ level }) => level === WARN)
    assert.match(warning?.msg ?? '', /^upstream\.sticky: without keys/)
    assert.equal(warning?.upstream, 'shop')
  })
})
