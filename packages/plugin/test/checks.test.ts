import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { FastifyInstance } from 'fastify'
import type { UpstreamEventName, UpstreamOptions } from '#plugin/index.js'
import { Browser, KEY, LogLines, startGateway } from './fixtures/gateway.js'
import { type Shop, startShops, status } from './fixtures/shop.js'

const checks = { path: '/healthz', interval: '100ms', timeout: '1s', rise: 2, fall: 2 }

async function gateway(
  t: TestContext,
  shops: readonly Shop[],
  more: Partial<UpstreamOptions> = {},
  lines = new LogLines(),
): Promise<FastifyInstance> {
  const upstream = { name: 'shop', servers: shops.map(({ address }) => address), checks, ...more }
  const server = { logger: { stream: lines.stream } }
  return await startGateway(t, { upstream }, { server })
}

/** Has `shop` answer checks with `code`, and everything else as before. */
function healthOf(shop: Shop, code: number): void {
  const { answer } = shop
  shop.answer = (response, asked) =>
    (asked.url === checks.path ? status(code) : answer)(response, asked)
}

/** The next time that this happens. */
async function next(app: FastifyInstance, name: UpstreamEventName): Promise<string> {
  return await new Promise((resolve) => {
    const leave = app.holdfast.get('shop').on(name, ({ server }) => {
      leave()
      resolve(server)
    })
  })
}

async function whoAnswers(app: FastifyInstance, requests = 6): Promise<string> {
  const names = new Set<string>()
  for (let i = 0; i < requests; i += 1) names.add(await new Browser(app).visit())
  return [...names].sort().join('')
}

describe('Active checks', () => {
  it('take a sick server out before a client meets it, and let it back', async (t) => {
    const shops = await startShops(t)
    const [a] = shops as [Shop, Shop]
    healthOf(a, 503)
    const lines = new LogLines()
    const app = await gateway(t, shops, {}, lines)
    assert.equal(await next(app, 'ejected'), a.address)
    assert.equal(await whoAnswers(app), 'b')
    const [ejected] = lines.said('server ejected')
    assert.deepEqual(ejected?.fails, { check: 2 })
    assert.equal(ejected && 'until' in ejected, false)
    const [snapshot] = app.holdfast.get('shop').snapshot().servers
    assert.deepEqual([snapshot?.state, snapshot?.ejectedUntil], ['ejected', null])
    healthOf(a, 200)
    assert.equal(await next(app, 'returned'), a.address)
    assert.equal(await whoAnswers(app), 'ab')
  })

  it('count as no requests', async (t) => {
    const shops = await startShops(t, 'a')
    const [a] = shops as [Shop]
    const app = await gateway(t, shops)
    healthOf(a, 404)
    await next(app, 'draining')
    const [snapshot] = app.holdfast.get('shop').snapshot().servers
    assert.deepEqual([snapshot?.requests, snapshot?.attempts], [0, 0])
  })

  it('drain a server that answers 404: its sessions stay, new ones go elsewhere', async (t) => {
    const shops = await startShops(t)
    const app = await gateway(t, shops, { sticky: { cookie: 'srv_id', keys: [KEY] } })
    const client = new Browser(app)
    const first = await client.visit()
    const home = shops.find(({ name }) => name === first) as Shop
    healthOf(home, 404)
    assert.equal(await next(app, 'draining'), home.address)
    assert.equal(await client.visit(), home.name)
    assert.equal((await whoAnswers(app)).includes(home.name), false)
  })

  it('do not stop an upstream whose every check is wrong', async (t) => {
    for (const code of [404, 500]) {
      const shops = await startShops(t)
      for (const shop of shops) healthOf(shop, code)
      const app = await gateway(t, shops)
      const name = code === 404 ? 'draining' : 'ejected'
      await Promise.all([next(app, name), next(app, name).then(() => next(app, name))])
      assert.equal(await whoAnswers(app), 'ab', `${code}`)
    }
  })

  it('end with the gateway', async (t) => {
    const shops = await startShops(t, 'a')
    const [a] = shops as [Shop]
    const app = await gateway(t, shops)
    const asked = new Promise<void>((resolve) => {
      a.answer = () => resolve()
    })
    await asked
    await app.close()
    assert.equal(a.asked.length, 1)
  })
})
