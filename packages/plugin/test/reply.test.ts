import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, it, type TestContext } from 'node:test'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ReplyOptions } from '#plugin/index.js'
import { Browser, KEY, LogLines, setCookies, startGateway } from './fixtures/gateway.js'
import { type Asked, crash, deadAddress, Shop, startShops, status } from './fixtures/shop.js'

/** A gateway whose only way to the upstream is a route of the user's own. */
async function withRoute(
  t: TestContext,
  shops: readonly Shop[],
  {
    options,
    setUp,
    lines = new LogLines(),
  }: {
    options?: ReplyOptions | (() => ReplyOptions)
    setUp?: (app: FastifyInstance) => void
    lines?: LogLines
  } = {},
): Promise<FastifyInstance> {
  return await startGateway(
    t,
    {
      prefix: '/direct',
      upstream: {
        name: 'shop',
        servers: shops.map(({ address }) => address),
        sticky: { cookie: 'srv_id', keys: [KEY], domain: 'shop.example' },
      },
    },
    {
      server: { logger: { stream: lines.stream } },
      after: (app) => {
        setUp?.(app)
        app.all('/own/*', (_request: FastifyRequest, reply: FastifyReply) =>
          reply.holdfast('shop', typeof options === 'function' ? options() : options),
        )
      },
    },
  )
}

describe('reply.holdfast', () => {
  it('passes a request of a route of the user on, whole path included, and sticks', async (t) => {
    const shops = await startShops(t)
    const app = await withRoute(t, shops)
    const browser = new Browser(app)
    const first = await browser.get('/own/cart?x=%20')
    const { server, url } = first.json<Asked>()
    assert.equal(url, '/own/cart?x=%20')
    assert.equal(setCookies(first).length, 1)
    for (let i = 0; i < 3; i += 1) assert.equal(await browser.visit('/own/cart'), server)
    // It is the same session on the plugin's own routes.
    assert.equal(await browser.visit('/direct'), server)
  })

  it('may be awaited in an async handler', async (t) => {
    const [shop] = await startShops(t, 'a')
    const app = await withRoute(t, [shop!], {
      setUp: (app) =>
        app.get('/later', async (_request, reply) => {
          await Promise.resolve()
          return reply.holdfast('shop')
        }),
    })
    assert.equal((await app.inject('/later')).json<Asked>().url, '/later')
  })

  it('writes JSON out again', async (t) => {
    const [shop] = await startShops(t, 'a')
    const app = await withRoute(t, [shop!])
    for (const value of [{ a: [1, '\u00e9'] }, [], 0, false, null]) {
      for (const type of ['application/json', 'application/json; charset=utf-8']) {
        const response = await app.inject({
          method: 'POST',
          url: '/own/x',
          headers: { 'content-type': type },
          payload: ` ${JSON.stringify(value)} `,
        })
        const { body, headers } = response.json<Asked>()
        assert.equal(body, JSON.stringify(value))
        assert.equal(headers['content-type'], type)
        assert.equal(headers['content-length'], String(Buffer.byteLength(body)))
      }
    }
  })

  it('passes text and Buffers byte for byte with their Content-Type', async (t) => {
    const [shop] = await startShops(t, 'a')
    const app = await withRoute(t, [shop!], {
      setUp: (app) =>
        app.addContentTypeParser(
          'application/x-bytes',
          { parseAs: 'buffer' },
          (_request, body, done) => done(null, body),
        ),
    })
    for (const type of ['text/plain; charset=utf-8', 'application/x-bytes']) {
      const response = await app.inject({
        method: 'PUT',
        url: '/own/x',
        headers: { 'content-type': type },
        payload: ' {"not": json} \u00e9',
      })
      const { body, headers } = response.json<Asked>()
      assert.equal(body, ' {"not": json} \u00e9')
      assert.equal(headers['content-type'], type)
    }
  })

  it('streams a stream', async (t) => {
    const [shop] = await startShops(t, 'a')
    const app = await withRoute(t, [shop!], {
      setUp: (app) =>
        app.addContentTypeParser('*', (_request, payload, done) => done(null, payload)),
    })
    const response = await app.inject({
      method: 'POST',
      url: '/own/x',
      headers: { 'content-type': 'application/x-any', 'transfer-encoding': 'chunked' },
      payload: Readable.from(['one ', 'two ', 'three']),
    })
    assert.equal(response.json<Asked>().body, 'one two three')
  })

  it('refuses a body that was parsed into anything else', async (t) => {
    const [shop] = await startShops(t, 'a')
    const app = await withRoute(t, [shop!], {
      setUp: (app) =>
        app.addContentTypeParser(
          'application/x-form',
          { parseAs: 'string' },
          (_request, _body, done) => done(null, { parsed: true }),
        ),
    })
    const response = await app.inject({
      method: 'POST',
      url: '/own/x',
      headers: { 'content-type': 'application/x-form' },
      payload: 'a=1',
    })
    assert.equal(response.statusCode, 500)
    assert.equal(response.json<{ code: string }>().code, 'HOLDFAST_BODY_CONSUMED')
    assert.equal(shop!.asked.length, 0)
  })

  it('refuses a body that somebody read and threw away', async (t) => {
    const [shop] = await startShops(t, 'a')
    const app = await withRoute(t, [shop!], {
      setUp: (app) =>
        app.addContentTypeParser('application/x-void', (_request, payload, done) => {
          payload.on('end', () => done(null, undefined)).resume()
        }),
    })
    const response = await app.inject({
      method: 'POST',
      url: '/own/x',
      headers: { 'content-type': 'application/x-void' },
      payload: 'a=1',
    })
    assert.equal(response.statusCode, 500)
    assert.equal(response.json<{ code: string }>().code, 'HOLDFAST_BODY_CONSUMED')
  })

  it('does not know an upstream that was not registered', async (t) => {
    const [shop] = await startShops(t, 'a')
    const app = await withRoute(t, [shop!], {
      setUp: (app) => app.get('/wrong', (_request, reply) => reply.holdfast('shops')),
    })
    const response = await app.inject('/wrong')
    assert.equal(response.statusCode, 500)
    assert.equal(response.json<{ code: string }>().code, 'HOLDFAST_UNKNOWN_UPSTREAM')
  })

  it('refuses options that registration would refuse', async (t) => {
    const [shop] = await startShops(t, 'a')
    const app = await withRoute(t, [shop!], { options: { timeouts: { headers: '5' } } })
    const response = await app.inject('/own/x')
    assert.equal(response.statusCode, 500)
    assert.match(response.json<{ message: string }>().message, /^holdfast\.timeouts\.headers: /)
  })

  it('takes options for its request', async (t) => {
    const [a, b] = await startShops(t)
    a!.answer = status(503)
    const app = await withRoute(t, [a!, b!], {
      options: {
        sticky: false,
        retry: { on: [503] },
        bodyLimit: 5,
        rewriteRequestHeaders: (_request, headers) => ({ ...headers, 'x-own': '1' }),
        rewriteHeaders: (headers) => ({ ...headers, 'x-seen': '1' }),
      },
    })
    for (let i = 0; i < 2; i += 1) {
      const response = await app.inject('/own/x')
      assert.equal(response.json<Asked>().server, 'b')
      assert.equal(response.headers['x-seen'], '1')
      assert.equal(b!.heard['x-own'], '1')
      assert.deepEqual(setCookies(response), [])
    }
    const large = await app.inject({ method: 'POST', url: '/own/x', payload: { a: 1 } })
    assert.equal(large.statusCode, 413)
  })

  it('makes options anew for every request no way round the budget or the warning', async (t) => {
    const lines = new LogLines()
    const [shop] = await startShops(t, 'a')
    const dead = await Shop.start(t, 'dead')
    dead.answer = crash
    const app = await withRoute(t, [shop!, dead], {
      lines,
      options: () => ({ retry: { on: ['error'], budget: { ratio: 0, minPerSecond: 0 } } }),
    })
    const statuses: number[] = []
    for (let i = 0; i < 4; i += 1) statuses.push((await app.inject('/own/x')).statusCode)
    assert.deepEqual(statuses.sort(), [200, 200, 502, 502])
    const remarks = lines.all.filter(({ msg }) => msg.startsWith('browsers refuse'))
    assert.equal(remarks.length, 1)
  })

  it('is answered 502 like any other where no server can be reached', async (t) => {
    const dead = await deadAddress(t)
    const app = await startGateway(
      t,
      { prefix: '/direct', upstream: { name: 'shop', servers: [dead] } },
      { after: (app) => app.get('/own', (_request, reply) => reply.holdfast('shop')) },
    )
    const response = await app.inject('/own')
    assert.equal(response.statusCode, 502)
    assert.equal(response.json<{ code: string }>().code, 'HOLDFAST_BAD_GATEWAY')
  })
})
