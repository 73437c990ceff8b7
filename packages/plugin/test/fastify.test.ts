import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fastifyCookie from '@fastify/cookie'
import replyFrom from '@fastify/reply-from'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { HoldfastOptions, RequestReport } from '#plugin/index.js'
import { Browser, KEY, startGateway } from './fixtures/gateway.js'
import { crash, Shop, status } from './fixtures/shop.js'

function options(shop: Shop): HoldfastOptions {
  return {
    prefix: '/shop',
    upstream: {
      name: 'shop',
      servers: [shop.address],
      sticky: { cookie: 'srv_id', keys: [KEY] },
    },
  }
}

const names = (lines: readonly string[]) => lines.map((line) => line.split('=')[0])

/** Over a real connection, where repeated fields can be told apart. */
async function fetchFrom(app: FastifyInstance, path: string): Promise<Response> {
  const address = app.server.listening
    ? app.listeningOrigin
    : await app.listen({ host: '127.0.0.1', port: 0 })
  return await fetch(new URL(path, address))
}

describe('Beside @fastify/cookie that the gateway registered', () => {
  for (const when of ['before', 'after'] as const) {
    it(`a user's own setCookie survives (registered ${when} the plugin)`, async (t) => {
      const shop = await Shop.start(t)
      shop.answer = status(200, { 'Set-Cookie': ['a=1', 'b=2'] })
      const app = await startGateway(t, options(shop), {
        [when]: async (app: FastifyInstance) => {
          await app.register(fastifyCookie)
          app.addHook('onRequest', async (_request, reply) => {
            reply.setCookie('own', 'mine')
          })
        },
      })
      const response = await fetchFrom(app, '/shop')
      assert.deepEqual(names(response.headers.getSetCookie()).sort(), ['a', 'b', 'own', 'srv_id'])
      assert.equal(await new Browser(app).visit('/shop'), 'a')
    })
  }

  it('a cookie that a preHandler set in the header itself survives', async (t) => {
    const shop = await Shop.start(t)
    shop.answer = status(200, { 'Set-Cookie': 'a=1' })
    const app = await startGateway(t, {
      ...options(shop),
      preHandler: async (_request, reply) => {
        reply.header('set-cookie', 'own=1')
        reply.header('set-cookie', 'more=1')
      },
    })
    const response = await fetchFrom(app, '/shop')
    const expected = ['a', 'srv_id', 'own', 'more']
    assert.deepEqual(names(response.headers.getSetCookie()), expected)
  })
})

describe('Beside @fastify/reply-from that the gateway registered', () => {
  for (const when of ['before', 'after'] as const) {
    it(`both work (registered ${when} the plugin)`, async (t) => {
      const shop = await Shop.start(t)
      const other = await Shop.start(t, 'other')
      const app = await startGateway(t, options(shop), {
        [when]: async (app: FastifyInstance) => {
          await app.register(replyFrom, { base: `http://${other.address}` })
          app.get('/other', (_request, reply) => reply.from('/x'))
        },
      })
      const browser = new Browser(app)
      assert.equal(await browser.visit('/shop'), 'a')
      assert.equal(await browser.visit('/other'), 'other')
      assert.equal(other.asked[0]?.url, '/x')
    })
  }

  it('reply.from appears on no reply that did not have it', async (t) => {
    const shop = await Shop.start(t)
    const app = await startGateway(t, options(shop))
    assert.equal(app.hasReplyDecorator('from'), false)
  })
})

describe("A user's hooks", () => {
  it('run around a proxied request, in order, and see the answer', async (t) => {
    const shop = await Shop.start(t)
    shop.answer = status(201, { 'X-Shop': 'yes' })
    const ran: string[] = []
    const app = await startGateway(t, options(shop), {
      before: (app) => {
        app.addHook('onRequest', async () => void ran.push('onRequest'))
        app.addHook('preParsing', async () => void ran.push('preParsing'))
        app.addHook('preValidation', async () => void ran.push('preValidation'))
        app.addHook('preHandler', async () => void ran.push('preHandler'))
        app.addHook('onSend', async (_request, reply) => {
          ran.push(`onSend ${reply.statusCode} ${reply.getHeader('x-shop')}`)
          reply.header('x-gateway', 'seen')
        })
        app.addHook('onResponse', async (_request, reply) => {
          ran.push(`onResponse ${reply.statusCode}`)
        })
      },
    })
    const response = await app.inject('/shop')
    assert.equal(response.headers['x-gateway'], 'seen')
    assert.equal(response.headers['x-shop'], 'yes')
    assert.deepEqual(ran, [
      'onRequest',
      'preParsing',
      'preValidation',
      'preHandler',
      'onSend 201 yes',
      'onResponse 201',
    ])
  })

  it('may replace the body in onSend', async (t) => {
    const shop = await Shop.start(t)
    const app = await startGateway(t, options(shop), {
      before: (app) =>
        app.addHook('onSend', async (_request, reply) => {
          reply.removeHeader('content-length')
          return 'replaced'
        }),
    })
    assert.equal((await app.inject('/shop')).body, 'replaced')
  })

  it('find in onSend and onResponse how the request fared', async (t) => {
    const shop = await Shop.start(t)
    const reports: Array<RequestReport | undefined> = []
    const app = await startGateway(t, options(shop), {
      before: (app) => {
        app.addHook('onSend', async ({ holdfast }) => void reports.push(holdfast))
        app.addHook('onResponse', async ({ holdfast }) => void reports.push(holdfast))
        app.get('/own', async () => 'mine')
      },
    })
    await app.inject('/shop')
    const expected = {
      upstream: 'shop',
      attempts: [{ address: shop.address, status: 200, timeMs: reports[0]?.attempts[0]?.timeMs }],
      affinity: 'none',
      verdict: 'new',
      moved: undefined,
      session: undefined,
    }
    assert.deepEqual(reports, [expected, expected])
    assert.ok((reports[0]?.attempts[0]?.timeMs ?? -1) >= 0)
    await app.inject('/own')
    assert.deepEqual(reports.slice(2), [undefined, undefined])
  })

  it('find it in onResponse without any onSend, too', async (t) => {
    const shop = await Shop.start(t)
    const verdicts: unknown[] = []
    const app = await startGateway(t, options(shop), {
      before: (app) =>
        app.addHook('onResponse', async (request) => void verdicts.push(request.holdfast?.verdict)),
    })
    const browser = new Browser(app)
    await browser.get('/shop')
    await browser.get('/shop')
    assert.deepEqual(verdicts, ['new', 'kept'])
  })

  it('that throw in onSend cost the server nothing', async (t) => {
    const shop = await Shop.start(t)
    const app = await startGateway(t, options(shop), {
      before: (app) =>
        app.addHook('onSend', async (_request, reply) => {
          if (reply.statusCode === 200) throw new Error('a bug in the gateway')
        }),
    })
    assert.equal((await app.inject('/shop')).statusCode, 500)
    const [server] = app.holdfast.get('shop').snapshot().servers
    assert.equal(server?.active, 0)
    assert.deepEqual(Object.values(server?.fails ?? {}), [0, 0, 0, 0, 0])
  })

  for (const hook of ['rewriteHeaders', 'rewriteRequestHeaders'] as const) {
    it(`that throw in ${hook} are the gateway's error, not the server's`, async (t) => {
      const shop = await Shop.start(t)
      const app = await startGateway(t, {
        ...options(shop),
        [hook]: () => {
          throw new Error('a bug in the gateway')
        },
      })
      const response = await app.inject('/shop')
      assert.equal(response.statusCode, 500)
      const [server] = app.holdfast.get('shop').snapshot().servers
      assert.equal(server?.active, 0)
      assert.deepEqual(Object.values(server?.fails ?? {}), [0, 0, 0, 0, 0])
    })
  }
})

describe('Header fields that hooks set before', () => {
  for (const [way, set] of [
    ['on the reply', (reply: FastifyReply) => reply.header('x-frame-options', 'DENY')],
    [
      'on the raw response, as helmet',
      (reply: FastifyReply) => reply.raw.setHeader('x-frame-options', 'DENY'),
    ],
  ] as const) {
    it(`${way} are kept, and repeated fields of the server are not lost`, async (t) => {
      const shop = await Shop.start(t)
      shop.answer = status(200, { 'Set-Cookie': ['a=1', 'b=2'], Via: ['1.1 x', '1.1 y'] })
      const app = await startGateway(t, options(shop), {
        before: (app) => app.addHook('onRequest', async (_request, reply) => void set(reply)),
      })
      const response = await fetchFrom(app, '/shop')
      assert.equal(response.headers.get('x-frame-options'), 'DENY')
      assert.deepEqual(names(response.headers.getSetCookie()), ['a', 'b', 'srv_id'])
      assert.equal(response.headers.get('via'), '1.1 x, 1.1 y')
    })
  }

  it('give way to what the server says', async (t) => {
    const shop = await Shop.start(t)
    shop.answer = status(200, { 'X-Frame-Options': 'SAMEORIGIN' })
    const app = await startGateway(t, options(shop), {
      before: (app) =>
        app.addHook('onRequest', async (_request, reply) => {
          reply.header('x-frame-options', 'DENY')
        }),
    })
    const response = await fetchFrom(app, '/shop')
    assert.equal(response.headers.get('x-frame-options'), 'SAMEORIGIN')
  })

  it('cannot have a shared cache keep a cookie', async (t) => {
    const shop = await Shop.start(t)
    const app = await startGateway(t, options(shop), {
      before: (app) =>
        app.addHook('onRequest', async (_request, reply) => {
          reply.header('cache-control', 'public, max-age=60')
        }),
    })
    const response = await fetchFrom(app, '/shop')
    assert.equal(response.headers.getSetCookie().length, 1)
    assert.equal(response.headers.get('cache-control'), 'private')
  })

  it('answer a preflight without the server, if a hook does so', async (t) => {
    const shop = await Shop.start(t)
    const app = await startGateway(t, options(shop), {
      before: (app) =>
        app.addHook('onRequest', async (request, reply) => {
          reply.header('access-control-allow-origin', 'https://a.example')
          if (request.method === 'OPTIONS') await reply.code(204).send()
        }),
    })
    const preflight = await app.inject({ method: 'OPTIONS', url: '/shop' })
    assert.equal(preflight.statusCode, 204)
    assert.equal(shop.asked.length, 0)
    const response = await app.inject('/shop')
    assert.equal(response.headers['access-control-allow-origin'], 'https://a.example')
  })
})

describe("A user's handlers", () => {
  it('setErrorHandler gets our errors, with code and status', async (t) => {
    const shop = await Shop.start(t)
    shop.answer = crash
    const app = await startGateway(t, options(shop), {
      before: (app) =>
        app.setErrorHandler(
          async (error: { code?: string; statusCode?: number }, _request, reply) => {
            return await reply.code(503).send({ sorry: error.code, was: error.statusCode })
          },
        ),
    })
    const response = await app.inject('/shop')
    assert.equal(response.statusCode, 503)
    assert.deepEqual(response.json(), { sorry: 'HOLDFAST_BAD_GATEWAY', was: 502 })
  })

  it('setNotFoundHandler answers what is outside the prefix, and not what a server answers 404', async (t) => {
    const shop = await Shop.start(t)
    shop.answer = status(404)
    const app = await startGateway(t, options(shop), {
      before: (app) =>
        app.setNotFoundHandler(async (_request, reply) => reply.code(404).send('ours')),
    })
    assert.equal((await app.inject('/elsewhere')).body, 'ours')
    assert.notEqual((await app.inject('/shop')).body, 'ours')
  })
})
