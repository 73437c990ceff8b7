import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import holdfast, {
  type HoldfastOptions,
  type KeyExpression,
  type RequestReport,
  serverOptions,
  type UpstreamHandle,
  type UpstreamOptions,
} from '#plugin/index.js'

// What is wrong here fails to compile, and so does an @ts-expect-error above what is not.

/** The example of the documentation, as it stands there. */
async function example(): Promise<FastifyInstance> {
  const app = Fastify({ ...serverOptions(), trustProxy: ['10.0.0.0/8'] })
  await app.register(holdfast, {
    prefix: '/shop',
    upstream: {
      name: 'shop',
      servers: [
        { address: '10.0.0.11:8080', weight: 3, maxFails: 3, failTimeout: '30s' },
        '10.0.0.12:8080',
        { address: '10.0.0.13:8080', backup: true },
      ],
      sticky: { cookie: 'srv_id', keys: [process.env.STICKY_KEY] },
    },
    fleet: { redis: process.env.REDIS_URL },
  })
  return app
}

const servers = ['10.0.0.1:80', '10.0.0.2:80']

describe('The types', () => {
  it('take the example of the documentation, which runs', async (t) => {
    const before = { ...process.env }
    t.after(() => {
      process.env = before
    })
    process.env.STICKY_KEY = 'a key of sixteen bytes or more'
    delete process.env.REDIS_URL
    const app = await example()
    t.after(() => app.close())
    await app.ready()
    assert.equal(app.holdfast.snapshot().upstreams[0]?.name, 'shop')
  })

  it('know what a key function is called with', () => {
    const typed = (request: FastifyRequest): string | undefined =>
      request.headers['x-user']?.toString()
    const options: UpstreamOptions[] = [
      { name: 'a', servers, balance: { hash: typed } },
      { name: 'b', servers, balance: { hash: (request) => request.headers.authorization } },
      {
        name: 'c',
        servers,
        balance: {
          hash: ['$cookie_id', (request) => request.ip],
          whenEmpty: (request) => request.hostname,
        },
      },
      { name: 'd', servers, sticky: { route: (request) => request.headers.from } },
      { name: 'e', servers, sticky: { route: ['$arg_route', typed] } },
      // @ts-expect-error a request has no such member
      { name: 'f', servers, balance: { hash: (request) => request.nothing } },
      // @ts-expect-error a key is text
      { name: 'g', servers, balance: { hash: (request) => request.raw } },
      // @ts-expect-error a key function takes one argument
      { name: 'h', servers, balance: { hash: (request, _reply: FastifyReply) => request.ip } },
    ]
    const key: KeyExpression = (request) => request.url
    assert.equal(options.length, 8)
    assert.equal(typeof key, 'function')
  })

  it('refuse what registration would refuse', () => {
    const upstream: UpstreamOptions = { name: 'shop', servers }
    const wrong: HoldfastOptions[] = [
      // @ts-expect-error the upstream is required
      { prefix: '/' },
      // @ts-expect-error no such option
      { upstream, prefx: '/' },
      // @ts-expect-error sticky can only be turned off here
      { upstream, sticky: true },
      // @ts-expect-error a duration has a unit
      { upstream, timeouts: { connect: 5 } },
      // @ts-expect-error no such choice
      { upstream, log: 'none' },
      // @ts-expect-error a token is required
      { upstream, stats: { path: '/snapshot' } },
      // @ts-expect-error no such method
      { upstream, httpMethods: ['GET', 7] },
      // @ts-expect-error no such option of a server
      { upstream: { name: 'shop', servers: [{ address: '10.0.0.1:80', wieght: 1 }] } },
      // @ts-expect-error no such balance
      { upstream: { name: 'shop', servers, balance: 'fair' } },
      // @ts-expect-error a cookie has one of these formats
      { upstream: { name: 'shop', servers, sticky: { cookie: 'a', value: 'md4' } } },
      // @ts-expect-error options are one object
      7,
    ]
    assert.equal(wrong.length, 11)
  })

  it('take hooks of every shape, with what they are called with', () => {
    const upstream: UpstreamOptions = { name: 'shop', servers }
    const right: HoldfastOptions[] = [
      { upstream, preHandler: async (request, reply) => void reply.header('x-id', request.id) },
      { upstream, preHandler: [(_request, _reply, done) => done(), async () => {}] },
      { upstream, constraints: { host: 'shop.example' } },
      { upstream, httpMethods: ['GET', 'HEAD'] as const },
      {
        upstream,
        rewriteRequestHeaders: (request, { cookie: _, ...headers }) => ({
          ...headers,
          'x-id': request.id,
        }),
        rewriteHeaders: (headers, request) => ({ ...headers, 'x-id': request?.id }),
      },
      { upstream: 'shop', retry: { on: ['error', 503] }, timeouts: { headers: '5s' } },
      { upstream: 'http://127.0.0.1:3000', sticky: false, log: 'moved' },
    ]
    assert.equal(right.length, 7)
  })

  it('add to those of Fastify', async (t) => {
    const app = Fastify()
    t.after(() => app.close())
    await app.register(holdfast, { prefix: '/shop', upstream: { name: 'shop', servers } })
    app.get('/own', (_request, reply) => reply.holdfast('shop', { sticky: false }))
    app.get('/async', async (_request, reply) => reply.holdfast('shop'))
    // @ts-expect-error the prefix of a route of one's own is not holdfast's to say
    app.get('/wrong', (_request, reply) => reply.holdfast('shop', { prefix: '/' }))
    app.addHook('onSend', async (request) => {
      const report: RequestReport | undefined = request.holdfast
      // @ts-expect-error it is for reading
      if (report !== undefined) report.upstream = 'another'
      // @ts-expect-error it may be undefined
      return request.holdfast.upstream
    })
    const shop: UpstreamHandle = app.holdfast.get('shop')
    shop.on('ejected', ({ fails, untilMs }) => [fails.connect, untilMs])
    shop.on('override', ({ by }) => by?.length)
    // @ts-expect-error a probe has no end
    shop.on('probing', ({ untilMs }) => untilMs)
    // @ts-expect-error no such event
    shop.on('died', () => {})
    shop.update(servers)
    shop.update({ servers, keys: undefined })
    // @ts-expect-error no such change
    const change: Parameters<typeof shop.update>[0] = { server: servers }
    assert.ok(change)
  })

  it('fit servers of every kind', () => {
    // Never called: that it compiles is the test.
    const never = async (): Promise<void> => {
      const upstream: UpstreamOptions = { name: 'shop', servers }
      await Fastify({ ...serverOptions(), https: {} }).register(holdfast, { upstream })
      await Fastify({ ...serverOptions(), http2: true }).register(holdfast, { upstream })
      await Fastify({ ...serverOptions(), logger: { level: 'warn' } }).register(holdfast, {
        upstream,
      })
    }
    assert.equal(typeof never, 'function')
  })
})
