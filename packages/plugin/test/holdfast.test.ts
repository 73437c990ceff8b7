import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { UpstreamEvent } from '@holdfast/core'
import type { FastifyInstance } from 'fastify'
import { Browser, FakeClock, KEY, LogLines, startGateway } from './fixtures/gateway.js'
import { crash, type Shop, startShops } from './fixtures/shop.js'

interface Scene {
  readonly app: FastifyInstance
  readonly shops: readonly Shop[]
  readonly clock: FakeClock
  readonly lines: LogLines
}

async function gateway(t: TestContext): Promise<Scene> {
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
      },
    },
    { clock, server: { logger: { stream: lines.stream } } },
  )
  return { app, shops, clock, lines }
}

describe('app.holdfast', () => {
  it('knows no upstream that was not registered', async (t) => {
    const { app } = await gateway(t)
    assert.throws(() => app.holdfast.get('shops'), {
      code: 'HOLDFAST_UNKNOWN_UPSTREAM',
      message: /'shops'/,
    })
  })

  it('tells what the replica and each upstream counted', async (t) => {
    const { app, shops, clock } = await gateway(t)
    const browser = new Browser(app)
    await browser.send({ method: 'POST', url: '/', payload: '12345' })
    await browser.get()
    const snapshot = app.holdfast.snapshot()
    assert.equal(snapshot.version, 1)
    assert.equal(snapshot.store, 'none')
    assert.equal(snapshot.startedAt, clock.wall())
    assert.match(snapshot.replica, new RegExp(`-${process.pid}$`))
    assert.match(snapshot.package, /^\d+\.\d+\.\d+/)
    assert.equal(snapshot.keyIds.length, 1)
    assert.deepEqual(JSON.parse(JSON.stringify(snapshot)), snapshot)

    const upstream = app.holdfast.get('shop').snapshot()
    assert.deepEqual(snapshot.upstreams, [upstream])
    assert.deepEqual(upstream.affinity, { kept: 1, new: 1, moved: {}, none: 0 })
    const [home, away] = upstream.servers
    assert.equal(home?.address, shops[0]?.address)
    assert.equal(home?.requests, 2)
    assert.equal(home?.responses['2xx'], 2)
    assert.equal(home?.bytes.in, 5)
    assert.ok((home?.bytes.out ?? 0) > 100)
    assert.equal(home?.active, 0)
    assert.equal(away?.requests, 0)
  })

  it('shows the same configHash for the same options, and another for others', async (t) => {
    const hash = async (more: object, key = KEY) => {
      const app = await startGateway(t, {
        prefix: '/',
        upstream: {
          name: 'shop',
          servers: ['10.0.0.1:80'],
          sticky: { cookie: 'srv_id', keys: [key] },
          ...more,
        },
      })
      return app.holdfast.snapshot().configHash
    }
    const usual = await hash({})
    assert.equal(await hash({ balance: 'round-robin' }), usual)
    assert.notEqual(await hash({ balance: 'least-conn' }), usual)
    assert.notEqual(await hash({ retry: { on: [503] } }), usual)
    assert.notEqual(await hash({}, KEY.toLowerCase()), usual)
  })

  it('drains a server: bound sessions stay, new ones go elsewhere; undrain takes it back', async (t) => {
    const { app, lines } = await gateway(t)
    const shop = app.holdfast.get('shop')
    const bound = new Browser(app)
    assert.equal(await bound.visit(), 'a')
    shop.drain('a', 'ann')
    assert.equal(shop.snapshot().servers[0]?.state, 'drain')
    assert.equal(await bound.visit(), 'a')
    for (let i = 0; i < 3; i += 1) assert.equal(await new Browser(app).visit(), 'b')
    shop.undrain('a')
    const answers = [await new Browser(app).visit(), await new Browser(app).visit()]
    assert.deepEqual(answers.sort(), ['a', 'b'])
    assert.deepEqual(
      lines.said('server overridden').map(({ upstream, server, by }) => ({ upstream, server, by })),
      [
        { upstream: 'shop', server: 'a', by: 'ann' },
        { upstream: 'shop', server: 'a', by: undefined },
      ],
    )
  })

  it('refuses to drain what is no server', async (t) => {
    const { app } = await gateway(t)
    assert.throws(() => app.holdfast.get('shop').drain('z'), {
      code: 'HOLDFAST_OPTION',
      path: 'server',
      value: 'z',
    })
  })

  it('keeps a drain through changes of the list, until the server leaves it', async (t) => {
    const { app, shops } = await gateway(t)
    const shop = app.holdfast.get('shop')
    const [a, b] = shops.map(({ name, address }) => ({ id: name, address }))
    const stateOfA = () => shop.snapshot().servers.find(({ id }) => id === 'a')?.state
    shop.drain('a')
    shop.update([b!, { ...a!, weight: 2 }])
    assert.equal(stateOfA(), 'drain')
    shop.update([b!])
    shop.update([b!, a!])
    assert.equal(stateOfA(), 'up')
  })

  it('changes the list of servers while requests are under way', async (t) => {
    const { app, shops } = await gateway(t)
    const shop = app.holdfast.get('shop')
    let answer = (): void => {}
    const arrived = new Promise<void>((resolve) => {
      shops[0]!.answer = (response) => {
        answer = () => response.end('{"server":"a"}')
        resolve()
      }
    })
    const slow = app.inject('/')
    await arrived
    shop.update([shops[1]!.address])
    assert.deepEqual(
      shop.snapshot().servers.map(({ address }) => address),
      [shops[1]!.address],
    )
    for (let i = 0; i < 3; i += 1) assert.equal(await new Browser(app).visit(), 'b')
    answer()
    assert.equal((await slow).statusCode, 200)
  })

  it('refuses a list that is wrong and goes on with the old one', async (t) => {
    const { app } = await gateway(t)
    const shop = app.holdfast.get('shop')
    for (const [servers, path] of [
      [[], 'update.servers'],
      [['10.0.0.1:80', '10.0.0.1:80'], 'update.servers[1]'],
      [[{ address: '10.0.0.1:80', weight: -1 }], 'update.servers[0].weight'],
    ] as const) {
      assert.throws(() => shop.update(servers), { code: 'HOLDFAST_OPTION', path })
    }
    assert.equal(shop.snapshot().servers.length, 2)
    assert.match(await new Browser(app).visit(), /[ab]/)
  })

  it('tells listeners what happens to servers, until they leave', async (t) => {
    const { app, shops, clock } = await gateway(t)
    const shop = app.holdfast.get('shop')
    const events: UpstreamEvent[] = []
    const leave = (['ejected', 'probing', 'returned', 'override'] as const).map((name) =>
      shop.on(name, (event) => void events.push(event)),
    )
    const answer = shops[0]!.answer
    shops[0]!.answer = crash
    await app.inject('/')
    await app.inject('/')
    shops[0]!.answer = answer
    clock.pass(32)
    // What its fail took from its weight comes back a request at a time.
    for (let i = 0; i < 4; i += 1) await app.inject('/')
    shop.drain('b', 'ann')
    const place = { upstream: 'shop', server: 'a' }
    assert.deepEqual(events, [
      { ...place, type: 'ejected', fails: { reset: 1 }, untilMs: clock.wall() - 1_000 },
      { ...place, type: 'probing' },
      { ...place, type: 'returned' },
      { upstream: 'shop', server: 'b', type: 'override', override: { mode: 'drain' }, by: 'ann' },
    ])
    for (const one of leave) one()
    shop.undrain('b')
    assert.equal(events.length, 4)
  })

  it('logs what a listener throws; no client pays for it', async (t) => {
    const { app, shops, lines } = await gateway(t)
    app.holdfast.get('shop').on('ejected', () => {
      throw new Error('a bug in the gateway')
    })
    shops[0]!.answer = crash
    assert.equal((await app.inject('/')).statusCode, 200)
    const [line] = lines.said('a listener threw')
    assert.match(JSON.stringify(line), /a bug in the gateway/)
  })
})

describe('The snapshot route', () => {
  const token = 'sixteen characters or more'

  async function served(t: TestContext): Promise<FastifyInstance> {
    const [shop] = await startShops(t, 'a')
    return await startGateway(t, {
      prefix: '/',
      upstream: { name: 'shop', servers: [shop!.address] },
      stats: { path: '/-/snapshot', token },
    })
  }

  it('serves the snapshot to whoever has the token', async (t) => {
    const app = await served(t)
    const response = await app.inject({
      url: '/-/snapshot',
      headers: { authorization: `Bearer ${token}` },
    })
    assert.equal(response.statusCode, 200)
    assert.equal(response.headers['cache-control'], 'no-store')
    const { at: _, ...rest } = response.json<{ at: number }>()
    assert.deepEqual(
      rest,
      Object.fromEntries(Object.entries(app.holdfast.snapshot()).filter(([name]) => name !== 'at')),
    )
  })

  for (const authorization of [undefined, '', `Bearer ${token}x`, `Basic ${token}`, token]) {
    it(`serves nothing to ${JSON.stringify(authorization)}`, async (t) => {
      const app = await served(t)
      const headers = authorization === undefined ? {} : { authorization }
      const response = await app.inject({ url: '/-/snapshot', headers })
      assert.equal(response.statusCode, 401)
      assert.equal(response.headers['www-authenticate'], 'Bearer')
      assert.ok(!response.body.includes('upstreams'))
    })
  }
})
