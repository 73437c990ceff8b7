import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { CookieOptions } from '@holdfast/core'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import {
  Browser,
  FakeClock,
  KEY,
  LogLines,
  NEXT_KEY,
  setCookies,
  startGateway,
} from './fixtures/gateway.js'
import { Shop, startShops } from './fixtures/shop.js'

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

describe('Keys', () => {
  it('rotate over two replicas in three steps, and nobody is moved or refused', async (t) => {
    const shops = await startShops(t, 'abc')
    const clock = new FakeClock()
    const replica = () =>
      startGateway(
        t,
        {
          prefix: '/',
          upstream: {
            name: 'shop',
            servers: shops.map(({ address }) => address),
            sticky: { cookie: 'srv_id', keys: [KEY] },
          },
        },
        { clock },
      )
    const [one, two] = [await replica(), await replica()]
    const jar = new Map<string, string>()
    const visit = async (app: FastifyInstance) => {
      const browser = new Browser(app)
      for (const [name, value] of jar) browser.jar.set(name, value)
      const response = await browser.get()
      for (const [name, value] of browser.jar) jar.set(name, value)
      const { server, headers } = response.json<{ server: string; headers: object }>()
      assert.equal(Reflect.get(headers, 'holdfast-moved'), undefined)
      return server
    }
    const home = await visit(one)
    for (const keys of [[KEY, NEXT_KEY], [NEXT_KEY, KEY], [NEXT_KEY]]) {
      for (const app of [one, two]) {
        app.holdfast.get('shop').update({ keys })
        for (const each of [one, two, one]) assert.equal(await visit(each), home)
      }
    }
    const ids = [one, two].map((app) => app.holdfast.snapshot().keyIds)
    assert.deepEqual(ids[0], ids[1])
    assert.equal(ids[0]?.length, 1)
  })

  it('that are wrong are refused, and the old ones go on', async (t) => {
    const { app } = await sticky(t)
    const browser = new Browser(app)
    await browser.get()
    assert.throws(() => app.holdfast.get('shop').update({ keys: ['short'] }), {
      code: 'HOLDFAST_OPTION',
      path: 'update.sticky.keys[0]',
    })
    assert.deepEqual(setCookies(await browser.get()), [])
  })

  it('are refused where there is no cookie to seal', async (t) => {
    const shop = await Shop.start(t)
    const upstream = { name: 'shop', servers: [shop.address] }
    const app = await startGateway(t, { prefix: '/', upstream })
    assert.throws(() => app.holdfast.get('shop').update({ keys: [KEY] }), {
      code: 'HOLDFAST_OPTION',
      path: 'update.keys',
    })
  })
})

describe('A cookie that is not what we set', () => {
  async function hostile(t: TestContext) {
    const { app, shop, clock } = await sticky(t, { maxLife: '1h' })
    const [good = ''] = (setCookies(await app.inject('/'))[0] ?? '').split(';')
    const foreign = await startGateway(
      t,
      {
        prefix: '/',
        upstream: {
          name: 'another',
          servers: [shop.address],
          sticky: { cookie: 'srv_id', keys: [KEY] },
        },
      },
      { clock },
    )
    const [other = ''] = (setCookies(await foreign.inject('/'))[0] ?? '').split(';')
    return { app, clock, good, other }
  }

  it('is answered 200 as a new session, whatever it is', async (t) => {
    const { app, good, other } = await hostile(t)
    const value = good.slice('srv_id='.length)
    const flipped = value.at(-1) === 'A' ? 'B' : 'A'
    const cookies = [
      'srv_id=',
      'srv_id',
      'srv_id=x',
      'srv_id==',
      'srv_id="quoted"',
      'srv_id=%00%0d%0a',
      `srv_id=${'A'.repeat(78)}`,
      `srv_id=${'A'.repeat(8_000)}`,
      `srv_id=${value.slice(0, -1)}${flipped}`,
      `srv_id=${value}=`,
      `srv_id=${value.slice(1)}`,
      `srv_id=${value.replace(/^../, '__')}`,
      `srv_id="${value}"`,
      `srv_id=__proto__`,
      `srv_id=constructor`,
      `${'a=1; '.repeat(500)}srv_id=x`,
      ';;; =; ===',
      'srv_id=\u00e9\u00ff',
      other,
    ]
    for (const cookie of cookies) {
      const response = await app.inject({ url: '/', headers: { cookie } })
      assert.equal(response.statusCode, 200, cookie)
      const [line, ...more] = setCookies(response)
      assert.match(line ?? 'none', SEALED, cookie)
      assert.deepEqual(more, [])
    }
  })

  it('counts for nothing beside one that is', async (t) => {
    const { app, good, other } = await hostile(t)
    for (const cookie of [
      `${good}; ${good}`,
      `srv_id=x; ${good}`,
      `${good}; srv_id=x`,
      `${other}; ${good}`,
      `SRV_ID=x; a=1; ${good}`,
    ]) {
      const response = await app.inject({ url: '/', headers: { cookie } })
      assert.deepEqual(setCookies(response), [], cookie)
    }
  })

  it('is answered 200 when it has run out or comes from the future', async (t) => {
    const { app, clock, good } = await hostile(t)
    for (const seconds of [3_601, -7_300]) {
      clock.pass(seconds)
      const response = await app.inject({ url: '/', headers: { cookie: good } })
      assert.equal(response.statusCode, 200)
      assert.match(setCookies(response)[0] ?? '', SEALED)
    }
  })
})
