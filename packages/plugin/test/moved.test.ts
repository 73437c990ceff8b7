import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { ServerOptions } from '@holdfast/core'
import type { FastifyInstance } from 'fastify'
import type { HoldfastOptions, UpstreamOptions } from '#plugin/index.js'
import { Browser, FakeClock, KEY, NEXT_KEY, setCookies, startGateway } from './fixtures/gateway.js'
import { crash, type Shop, startShops } from './fixtures/shop.js'

interface Scene {
  readonly app: FastifyInstance
  readonly shops: readonly Shop[]
  readonly clock: FakeClock
  readonly browser: Browser
  /** The server to which the browser is bound, and the other one. */
  readonly home: Shop
  readonly away: Shop
  update(change: (shop: Shop) => Partial<ServerOptions> | undefined): void
}

/** Two servers, and a browser that is bound to one of them. */
async function bound(
  t: TestContext,
  sticky: object = {},
  more: Partial<HoldfastOptions> & { upstreamOptions?: Partial<UpstreamOptions> } = {},
): Promise<Scene> {
  const { upstreamOptions, ...registration } = more
  const shops = await startShops(t)
  const clock = new FakeClock()
  const options = (shop: Shop): ServerOptions => ({ address: shop.address, maxFails: 1 })
  const app = await startGateway(
    t,
    {
      prefix: '/',
      upstream: {
        name: 'shop',
        servers: shops.map(options),
        sticky: { cookie: 'srv_id', keys: [KEY], ...sticky },
        ...upstreamOptions,
      },
      ...registration,
    },
    { clock },
  )
  const browser = new Browser(app)
  const name = await browser.visit()
  const [home, away] = name === 'a' ? shops : shops.toReversed()
  return {
    app,
    shops,
    clock,
    browser,
    home: home!,
    away: away!,
    update(change) {
      const servers = shops.flatMap((shop) => {
        const more = change(shop)
        return more === undefined ? [] : { ...options(shop), ...more }
      })
      app.holdfast.get('shop').update(servers)
    },
  }
}

const affinity = ({ app }: Scene) => app.holdfast.snapshot().upstreams[0]?.affinity

describe('A session whose server can take it', () => {
  it('stays there, and no further cookie is set', async (t) => {
    const scene = await bound(t)
    for (let i = 0; i < 5; i += 1) {
      const response = await scene.browser.get()
      assert.equal(response.json<{ server: string }>().server, scene.home.name)
      assert.deepEqual(setCookies(response), [])
      assert.equal(response.headers['cache-control'], undefined)
      assert.equal(scene.home.heard['holdfast-moved'], undefined)
    }
    assert.deepEqual(affinity(scene), { kept: 5, new: 1, moved: {}, none: 0 })
  })

  it('stays there while it drains', async (t) => {
    const scene = await bound(t)
    scene.app.holdfast.get('shop').drain(scene.home.address)
    assert.equal(await scene.browser.visit(), scene.home.name)
    assert.equal(await new Browser(scene.app).visit(), scene.away.name)
  })

  it('cannot say itself that it moved', async (t) => {
    const scene = await bound(t)
    await scene.browser.get('/', { 'holdfast-moved': 'failed', 'Holdfast-Moved': 'removed' })
    assert.equal(scene.home.heard['holdfast-moved'], undefined)
  })
})

describe('A session that has to move', () => {
  /** How each reason comes about. */
  const causes: Record<string, (scene: Scene) => unknown> = {
    failed: ({ home }) => {
      home.answer = crash
    },
    ejected: async ({ app, home }) => {
      home.answer = crash
      // Others find out that it is broken.
      for (let i = 0; i < 4; i += 1) await app.inject('/')
    },
    down: ({ update, home }) => update((shop) => ({ down: shop === home })),
    removed: ({ update, home }) => update((shop) => (shop === home ? undefined : {})),
    replaced: ({ update, home }) =>
      update((shop) => ({ incarnation: shop === home ? 'pod-2' : 0 })),
    expired: ({ clock }) => clock.pass(3601),
    'bad-cookie': ({ browser }) => browser.jar.set('srv_id', 'made-up'),
    'unknown-key': ({ app }) => app.holdfast.get('shop').update({ keys: [NEXT_KEY] }),
  }

  for (const [reason, cause] of Object.entries(causes)) {
    it(`tells its new server why: ${reason}`, async (t) => {
      const scene = await bound(t, { maxLife: '1h' })
      const before = scene.browser.jar.get('srv_id')
      await cause(scene)
      const response = await scene.browser.get('/', { 'holdfast-moved': 'a lie' })
      assert.equal(response.statusCode, 200)
      const { server, headers } = response.json<{ server: string; headers: object }>()
      assert.equal(Reflect.get(headers, 'holdfast-moved'), reason)
      assert.notEqual(scene.browser.jar.get('srv_id'), before)
      assert.equal(affinity(scene)?.moved[reason], 1)

      // From now on that is its home.
      const again = await scene.browser.get()
      assert.equal(again.json<{ server: string }>().server, server)
      assert.deepEqual(setCookies(again), [])
    })
  }

  it('tells its new server why: limit', async (t) => {
    const scene = await bound(t)
    scene.update(() => ({ maxConns: 1 }))
    const { promise: arrived, resolve: arrive } = withResolvers()
    const { promise: leave, resolve: letGo } = withResolvers()
    scene.home.answer = async (response) => {
      arrive()
      await leave
      response.end('{}')
    }
    const slow = scene.browser.get('/slow')
    await arrived
    assert.equal(await scene.browser.visit(), scene.away.name)
    assert.equal(scene.away.heard['holdfast-moved'], 'limit')
    letGo()
    await slow
  })

  it('is told no more that it moved when a later attempt reaches its home', async (t) => {
    const scene = await bound(t)
    scene.update(() => ({ maxConns: 1 }))
    const { promise: arrived, resolve: arrive } = withResolvers()
    const { promise: leave, resolve: letGo } = withResolvers()
    scene.home.answer = async (response, asked) => {
      if (asked.url === '/slow') {
        arrive()
        await leave
      }
      response.end(JSON.stringify(asked))
    }
    const slow = scene.browser.get('/slow')
    await arrived
    scene.away.answer = async (response) => {
      letGo()
      await slow
      response.destroy()
    }
    const response = await scene.browser.get('/')
    assert.equal(scene.away.heard['holdfast-moved'], 'limit')
    const { server, headers } = response.json<{ server: string; headers: object }>()
    assert.equal(server, scene.home.name)
    assert.equal(Reflect.get(headers, 'holdfast-moved'), undefined)
    assert.deepEqual(setCookies(response), [])
  })

  it("returns when its server is back, with rebind 'never'", async (t) => {
    const scene = await bound(t, { rebind: 'never' })
    const before = scene.browser.jar.get('srv_id')
    scene.update((shop) => ({ down: shop === scene.home }))
    for (let i = 0; i < 2; i += 1) {
      assert.equal(await scene.browser.visit(), scene.away.name)
      assert.equal(scene.away.heard['holdfast-moved'], 'down')
    }
    assert.equal(scene.browser.jar.get('srv_id'), before)
    scene.update(() => ({}))
    assert.equal(await scene.browser.visit(), scene.home.name)
  })

  it("belongs to its new server even with rebind 'never' once its own is gone for good", async (t) => {
    const scene = await bound(t, { rebind: 'never' })
    scene.update((shop) => (shop === scene.home ? undefined : {}))
    assert.equal(await scene.browser.visit(), scene.away.name)
    scene.update(() => ({}))
    for (let i = 0; i < 3; i += 1) assert.equal(await scene.browser.visit(), scene.away.name)
  })
})

describe('With fallback false a bound request', () => {
  const unavailable: Record<string, (scene: Scene) => unknown> = {
    'is down': ({ update, home }) => update((shop) => ({ down: shop === home })),
    'is ejected': async ({ browser, home }) => {
      home.answer = crash
      await browser.get()
    },
    'fails it': ({ home }) => {
      home.answer = crash
    },
  }
  for (const [what, cause] of Object.entries(unavailable)) {
    it(`gets 502 when its server ${what}`, async (t) => {
      const scene = await bound(t, { fallback: false }, { upstreamOptions: { failOpen: false } })
      await cause(scene)
      const asked = scene.away.asked.length
      const response = await scene.browser.get()
      assert.equal(response.statusCode, 502)
      assert.deepEqual(setCookies(response), [])
      assert.equal(scene.away.asked.length, asked)
    })
  }

  it('is balanced when its server was removed', async (t) => {
    const scene = await bound(t, { fallback: false })
    scene.update((shop) => (shop === scene.home ? undefined : {}))
    assert.equal(await scene.browser.visit(), scene.away.name)
  })

  it('is balanced when its cookie is no binding', async (t) => {
    const scene = await bound(t, { fallback: false })
    scene.browser.jar.set('srv_id', 'nonsense')
    assert.match(await scene.browser.visit(), /[ab]/)
  })
})

describe('When every server is ejected', () => {
  async function eject(scene: Scene): Promise<void> {
    for (const shop of scene.shops) shop.answer = crash
    for (let i = 0; i < 4; i += 1) await scene.app.inject('/')
    for (const shop of scene.shops)
      shop.answer = (response, asked) => response.end(JSON.stringify(asked))
    assert.deepEqual(
      scene.app.holdfast
        .get('shop')
        .snapshot()
        .servers.map(({ state }) => state),
      ['ejected', 'ejected'],
    )
  }

  it('failOpen tries the bound one, and that is no move', async (t) => {
    const scene = await bound(t)
    await eject(scene)
    const response = await scene.browser.get()
    assert.equal(response.json<{ server: string }>().server, scene.home.name)
    assert.equal(scene.home.heard['holdfast-moved'], undefined)
    assert.deepEqual(setCookies(response), [])
  })

  it('failOpen tries the one whose ejection ends first for everybody else', async (t) => {
    const scene = await bound(t)
    scene.home.answer = crash
    for (let i = 0; i < 2; i += 1) await scene.app.inject('/')
    scene.clock.pass(5)
    scene.away.answer = crash
    await scene.app.inject('/')
    scene.home.answer = (response, asked) => response.end(JSON.stringify(asked))
    assert.equal(await new Browser(scene.app).visit(), scene.home.name)
  })

  it('failOpen false answers 502 at once, as nginx does', async (t) => {
    const scene = await bound(t, {}, { upstreamOptions: { failOpen: false } })
    await eject(scene)
    const asked = scene.shops.map((shop) => shop.asked.length)
    for (const client of [scene.browser, new Browser(scene.app)]) {
      const response = await client.get()
      assert.equal(response.statusCode, 502)
      assert.equal(response.json<{ code: string }>().code, 'HOLDFAST_NO_SERVER')
    }
    assert.deepEqual(
      scene.shops.map((shop) => shop.asked.length),
      asked,
    )
  })

  it('the first request after an ejection probes, and brings the server back', async (t) => {
    const scene = await bound(t, {}, { upstreamOptions: { failOpen: false } })
    await eject(scene)
    scene.clock.pass(31)
    assert.equal(await scene.browser.visit(), scene.home.name)
    const back = scene.app.holdfast
      .get('shop')
      .snapshot()
      .servers.find(({ address }) => address === scene.home.address)
    assert.equal(back?.state, 'up')
  })
})

describe('The only server of an upstream', () => {
  it('is never ejected, and nothing is tried twice', async (t) => {
    const [shop] = await startShops(t, 'a')
    const app = await startGateway(t, {
      prefix: '/',
      upstream: {
        name: 'shop',
        servers: [{ address: shop!.address, maxFails: 1 }],
        failOpen: false,
      },
    })
    shop!.answer = crash
    for (let i = 0; i < 3; i += 1) assert.equal((await app.inject('/')).statusCode, 502)
    assert.equal(shop!.asked.length, 3)
    assert.equal(app.holdfast.get('shop').snapshot().servers[0]?.state, 'up')
  })
})

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
