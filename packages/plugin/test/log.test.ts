import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, it, type TestContext } from 'node:test'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { Exchange } from '#plugin/exchange.js'
import {
  type AttemptMessage,
  channelNames,
  type HoldfastOptions,
  type UpstreamOptions,
} from '#plugin/index.js'
import { tellEnd } from '#plugin/log.js'
import {
  Browser,
  FakeClock,
  INFO,
  KEY,
  type LogLine,
  LogLines,
  startGateway,
  WARN,
} from './fixtures/gateway.js'
import { crash, type Shop, startShops, status } from './fixtures/shop.js'

interface Scene {
  readonly app: FastifyInstance
  readonly shops: readonly Shop[]
  readonly clock: FakeClock
  readonly lines: LogLines
}

async function gateway(
  t: TestContext,
  { log, ...more }: Partial<UpstreamOptions> & Pick<HoldfastOptions, 'log'> = {},
  server: FastifyServerOptions = {},
): Promise<Scene> {
  const shops = await startShops(t)
  const clock = new FakeClock()
  const lines = new LogLines()
  const app = await startGateway(
    t,
    {
      prefix: '/',
      upstream: {
        name: 'shop',
        servers: shops.map(({ name, address }) => ({ id: name, address, maxFails: 1 })),
        sticky: { cookie: 'srv_id', keys: [KEY] },
        ...more,
      },
      ...(log === undefined ? {} : { log }),
    },
    { clock, server: { logger: { stream: lines.stream }, ...server } },
  )
  return { app, shops, clock, lines }
}

const PINO = new Set(['level', 'time', 'pid', 'hostname', 'reqId', 'msg'])

/** What we wrote of a line, without what pino and Fastify add. */
function own(line: LogLine | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(line ?? {}).filter(([name]) => !PINO.has(name)))
}

const isTimes = (value: unknown, length: number) =>
  Array.isArray(value) && value.length === length && value.every((ms) => Number(ms) >= 0)

describe('The line about a proxied request', () => {
  it("is one, at level info, on the request's own logger", async (t) => {
    const { app, lines } = await gateway(t)
    await app.inject('/')
    const [line, ...others] = lines.said('request proxied')
    assert.deepEqual(others, [])
    assert.equal(line?.level, INFO)
    assert.equal(line?.reqId, 'req-1')
  })

  it('has exactly these fields for a new session', async (t) => {
    const { app, lines, shops } = await gateway(t)
    await app.inject({ url: '/', remoteAddress: '::ffff:192.0.2.7' })
    const { upstreamTimeMs, ...fields } = own(lines.said('request proxied')[0])
    assert.ok(isTimes(upstreamTimeMs, 1))
    assert.deepEqual(fields, {
      remoteAddr: '192.0.2.7',
      upstream: 'shop',
      upstreamAddr: [shops[0]!.address],
      upstreamStatus: [200],
      affinity: 'none',
      verdict: 'new',
    })
  })

  it('names the session and its age where a cookie does', async (t) => {
    const { app, lines, shops, clock } = await gateway(t)
    const browser = new Browser(app)
    await browser.get()
    clock.pass(90)
    await browser.get()
    await browser.get()
    const [, second, third] = lines.said('request proxied').map(own)
    const { session, upstreamTimeMs: _, ...fields } = second!
    assert.match(String(session), /^[\da-f]{8}$/)
    assert.equal(third?.session, session)
    assert.deepEqual(fields, {
      remoteAddr: '127.0.0.1',
      upstream: 'shop',
      upstreamAddr: [shops[0]!.address],
      upstreamStatus: [200],
      affinity: 'cookie',
      verdict: 'kept',
      bindingAgeS: 90,
    })
  })

  it('has an element for every attempt, and says from where a session moved', async (t) => {
    const { app, lines, shops } = await gateway(t)
    const [a, b] = shops.map(({ address }) => address)
    const browser = new Browser(app)
    await browser.get()
    shops[0]!.answer = crash
    shops[1]!.answer = status(404)
    await browser.get()
    const { upstreamTimeMs, session, ...fields } = own(lines.said('request proxied')[1])
    assert.ok(isTimes(upstreamTimeMs, 2))
    assert.match(String(session), /^[\da-f]{8}$/)
    assert.deepEqual(fields, {
      remoteAddr: '127.0.0.1',
      upstream: 'shop',
      upstreamAddr: [a, b],
      upstreamStatus: [502, 404],
      upstreamError: ['reset', null],
      affinity: 'cookie',
      verdict: 'moved',
      moved: 'failed',
      from: a,
      bindingAgeS: 0,
    })
  })

  it('says moved without from where the old server is no member', async (t) => {
    const { app, lines, shops } = await gateway(t)
    const browser = new Browser(app)
    await browser.get()
    app.holdfast.get('shop').update([shops[1]!.address])
    await browser.get()
    const line = lines.said('request proxied')[1]
    assert.equal(line?.moved, 'removed')
    assert.equal(line?.from, undefined)
  })

  it('says by what a request without a cookie was placed', async (t) => {
    const route = await gateway(t, {
      sticky: { route: '$arg_id' },
      balance: { hash: '$remote_addr' },
    })
    await route.app.inject('/?id=x')
    await route.app.inject('/')
    const lines = route.lines.said('request proxied')
    assert.deepEqual(
      lines.map(({ affinity, verdict, moved }) => ({ affinity, verdict, moved })),
      [
        { affinity: 'route', verdict: 'moved', moved: 'removed' },
        { affinity: 'key', verdict: 'new', moved: undefined },
      ],
    )
  })

  it('says that a session was learned', async (t) => {
    const { app, shops, lines } = await gateway(t, {
      sticky: { learn: { create: '$upstream_cookie_sid', lookup: '$cookie_sid' } },
    })
    for (const shop of shops) shop.answer = status(200, { 'Set-Cookie': `sid=of-${shop.name}` })
    const browser = new Browser(app)
    await browser.get()
    await browser.get()
    assert.deepEqual(
      lines.said('request proxied').map(({ affinity, verdict }) => [affinity, verdict]),
      [
        ['none', 'new'],
        ['learn', 'kept'],
      ],
    )
  })

  it('names no verdict where nothing binds', async (t) => {
    const { app, lines } = await gateway(t, { sticky: undefined })
    await app.inject('/')
    const { verdict, affinity } = own(lines.said('request proxied')[0])
    assert.deepEqual({ verdict, affinity }, { verdict: undefined, affinity: 'none' })
  })

  it('tells of a request that no server could take, too', async (t) => {
    const { app, lines, shops } = await gateway(t, { failOpen: false })
    app.holdfast.get('shop').update(shops.map(({ address }) => ({ address, down: true })))
    assert.equal((await app.inject('/')).statusCode, 502)
    const { upstreamAddr, upstreamStatus } = own(lines.said('request proxied')[0])
    assert.deepEqual({ upstreamAddr, upstreamStatus }, { upstreamAddr: [], upstreamStatus: [] })
  })

  it('never holds a cookie, a key or the name of a session itself', async (t) => {
    const { app, lines } = await gateway(t)
    const browser = new Browser(app)
    await browser.get()
    await browser.get()
    const text = JSON.stringify(lines.all)
    assert.ok(!text.includes(browser.jar.get('srv_id') ?? 'nothing'))
    assert.ok(!text.includes(KEY))
  })

  it("is written for moved requests only with log 'moved'", async (t) => {
    const { app, lines, shops } = await gateway(t, { log: 'moved' })
    const browser = new Browser(app)
    await browser.get()
    await browser.get()
    assert.equal(lines.said('request proxied').length, 0)
    app.holdfast.get('shop').update([shops[1]!.address])
    await browser.get()
    assert.deepEqual(
      lines.said('request proxied').map(({ moved }) => moved),
      ['removed'],
    )
  })

  it("is never written with log 'off', and events still are", async (t) => {
    const { app, lines, shops } = await gateway(t, { log: 'off' })
    shops[0]!.answer = crash
    await app.inject('/')
    assert.equal(lines.said('request proxied').length, 0)
    assert.equal(lines.said('server ejected').length, 1)
  })

  for (const logger of [undefined, false, { level: 'silent' }, { level: 'warn' }] as const) {
    it(`is not even built with logger ${JSON.stringify(logger)}`, () => {
      const untouchable = new Proxy(
        {},
        {
          get: (_target, name) => {
            throw new Error(`${String(name)} was looked at`)
          },
        },
      )
      const { log } = Fastify(logger === undefined ? {} : { logger })
      const exchange = {
        registration: { log: 'all' },
        passage: untouchable,
        request: { log: Object.assign(Object.create(log), { info: () => assert.fail('written') }) },
      }
      tellEnd(exchange as unknown as Exchange)
    })
  }
})

describe('The lines about servers', () => {
  it('warn of an ejection: what failed, how often, and until when', async (t) => {
    const { app, lines, shops, clock } = await gateway(t)
    shops[0]!.answer = crash
    await app.inject('/')
    const [line] = lines.said('server ejected')
    assert.equal(line?.level, WARN)
    assert.deepEqual(own(line), {
      upstream: 'shop',
      server: 'a',
      fails: { reset: 1 },
      until: new Date(clock.wall() + 31_000).toISOString(),
    })
  })

  it('inform of the probe, the return and the override, by whom', async (t) => {
    const { app, lines, shops, clock } = await gateway(t)
    const answer = shops[0]!.answer
    shops[0]!.answer = crash
    await app.inject('/')
    shops[0]!.answer = answer
    clock.pass(40)
    for (let i = 0; i < 4; i += 1) await app.inject('/')
    app.holdfast.get('shop').drain('b', 'ann')
    const place = { upstream: 'shop', server: 'a' }
    for (const [msg, fields] of [
      ['server is being probed', place],
      ['server is back', place],
      [
        'server overridden',
        { upstream: 'shop', server: 'b', override: { mode: 'drain' }, by: 'ann' },
      ],
    ] as const) {
      const [line, ...others] = lines.said(msg)
      assert.equal(line?.level, INFO, msg)
      assert.deepEqual(own(line), fields)
      assert.deepEqual(others, [])
    }
  })
})

describe('The diagnostics channels', () => {
  function listen(t: TestContext, name: string): unknown[] {
    const messages: unknown[] = []
    const take = (message: unknown) => void messages.push(message)
    subscribe(name, take)
    t.after(() => void unsubscribe(name, take))
    return messages
  }

  it('tell of a request what the log tells, whatever the log does', async (t) => {
    const messages = listen(t, channelNames.request)
    const { app, lines } = await gateway(t)
    await app.inject({ url: '/x', headers: { cookie: 'srv_id=bad' } })
    const [{ request, ...record }] = messages as [{ request: { url: string } }]
    assert.equal(request.url, '/x')
    assert.deepEqual(record, own(lines.said('request proxied')[0]))

    const silent = await gateway(t, { log: 'off' }, { logger: false })
    await silent.app.inject('/')
    assert.equal(messages.length, 2)
  })

  it('tell of every attempt before it is sent, and let its fields be set', async (t) => {
    const messages = listen(t, channelNames.attempt)
    const set = (message: unknown): void => {
      const { number, setHeader } = message as AttemptMessage
      setHeader('traceparent', `attempt-${number}`)
    }
    subscribe(channelNames.attempt, set)
    t.after(() => unsubscribe(channelNames.attempt, set))
    const { app, shops } = await gateway(t)
    shops[0]!.answer = crash
    await app.inject({ url: '/x', headers: { TraceParent: 'from the client' } })
    assert.deepEqual(
      messages.map((message) => {
        const { request, upstream, address, number } = message as AttemptMessage
        return [request.url, upstream, address, number]
      }),
      [
        ['/x', 'shop', shops[0]!.address, 1],
        ['/x', 'shop', shops[1]!.address, 2],
      ],
    )
    assert.deepEqual(
      shops.map(({ heard }) => heard.traceparent),
      ['attempt-1', 'attempt-2'],
    )
  })

  it('tell of every event of a server', async (t) => {
    const messages = listen(t, channelNames.event)
    const { app, shops } = await gateway(t)
    shops[0]!.answer = crash
    await app.inject('/')
    app.holdfast.get('shop').drain('b')
    assert.deepEqual(
      messages.map((event) => (event as { type: string }).type),
      ['ejected', 'override'],
    )
  })

  it('have names that are part of the contract', () => {
    assert.deepEqual(channelNames, {
      request: 'holdfast:request',
      attempt: 'holdfast:attempt',
      event: 'holdfast:event',
    })
  })
})
