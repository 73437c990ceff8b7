import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OptionError } from '@holdfast/core'
import type { UpstreamOptions } from '#plugin/index.js'
import { Browser, KEY, startGateway } from './fixtures/gateway.js'
import { Shop, startShops } from './fixtures/shop.js'

describe('An upstream', () => {
  it('is shared by its name: one pool, one health', async (t) => {
    const [a, b] = await startShops(t)
    const app = await startGateway(t, [
      { prefix: '/one', upstream: { name: 'shop', servers: [a!.address, b!.address] } },
      { prefix: '/two', upstream: 'shop' },
    ])
    const browser = new Browser(app)
    // Round robin goes on from one registration to the other.
    const answers: string[] = []
    for (const prefix of ['/one', '/two', '/one', '/two']) {
      answers.push(await browser.visit(prefix))
    }
    assert.deepEqual(answers, ['a', 'b', 'a', 'b'])
    app.holdfast.get('shop').drain(a!.address)
    assert.equal(await browser.visit('/one'), 'b')
    assert.equal(await browser.visit('/two'), 'b')
    assert.equal(app.holdfast.snapshot().upstreams.length, 1)
  })

  it('may differ from registration to registration in what is not its own', async (t) => {
    const [a, b] = await startShops(t)
    const app = await startGateway(t, [
      {
        prefix: '/shop',
        upstream: {
          name: 'shop',
          servers: [a!.address, b!.address],
          sticky: { cookie: 'srv_id', keys: [KEY] },
        },
      },
      { prefix: '/static', upstream: 'shop', sticky: false },
      { prefix: '/careful', upstream: 'shop', retry: { on: [503] } },
    ])
    assert.ok((await app.inject('/shop')).headers['set-cookie'])
    const free = await app.inject('/static')
    assert.equal(free.headers['set-cookie'], undefined)

    a!.answer = (response) => response.writeHead(503).end()
    const statuses: number[] = []
    for (const prefix of ['/shop', '/shop', '/careful', '/careful']) {
      statuses.push((await app.inject(prefix)).statusCode)
    }
    assert.deepEqual(statuses.slice(0, 2).sort(), [200, 503])
    assert.deepEqual(statuses.slice(2), [200, 200])
  })

  it('ignores a binding where sticky is false', async (t) => {
    const [a, b] = await startShops(t)
    const app = await startGateway(t, [
      {
        prefix: '/shop',
        upstream: {
          name: 'shop',
          servers: [a!.address, b!.address],
          sticky: { cookie: 'srv_id', keys: [KEY] },
        },
      },
      { prefix: '/static', upstream: 'shop', sticky: false },
    ])
    const browser = new Browser(app)
    const home = await browser.visit('/shop')
    const others = [await browser.visit('/static'), await browser.visit('/static')]
    assert.deepEqual(others.sort(), ['a', 'b'])
    assert.equal(await browser.visit('/shop'), home)
  })

  it('may be one server, by its URL, which is one upstream however often it is given', async (t) => {
    const shop = await Shop.start(t)
    const url = `http://${shop.address}`
    const app = await startGateway(t, [
      { prefix: '/one', upstream: url },
      { prefix: '/two', upstream: url },
    ])
    const browser = new Browser(app)
    assert.equal(await browser.visit('/one'), 'a')
    assert.equal(await browser.visit('/two'), 'a')
    const { upstreams } = app.holdfast.snapshot()
    assert.deepEqual(
      upstreams.map(({ servers }) => servers.map(({ address }) => address)),
      [[shop.address]],
    )
  })

  it('may be given in full twice, as long as nothing differs', async (t) => {
    const [a, b] = await startShops(t)
    const upstream = (): UpstreamOptions => ({
      name: 'shop',
      servers: [a!.address, { address: b!.address, weight: 2 }],
      sticky: { cookie: 'srv_id', keys: [KEY] },
      retry: { on: ['error', 503] },
    })
    const app = await startGateway(t, [
      { prefix: '/one', upstream: upstream() },
      { prefix: '/two', upstream: upstream() },
    ])
    assert.equal(app.holdfast.snapshot().upstreams.length, 1)
  })

  const base: UpstreamOptions = {
    name: 'shop',
    servers: ['10.0.0.1:80', '10.0.0.2:80'],
    sticky: { cookie: 'srv_id', keys: [KEY] },
    retry: { on: ['error', 502] },
    balance: { hash: (request) => request.hostname },
  }
  const differences: Record<string, Partial<UpstreamOptions>> = {
    servers: { servers: ['10.0.0.1:80', '10.0.0.3:80'] },
    'the order of its servers': { servers: ['10.0.0.2:80', '10.0.0.1:80'] },
    keys: { sticky: { cookie: 'srv_id', keys: [KEY.toLowerCase()] } },
    'statuses to retry': { retry: { on: ['error', 503] } },
    'key functions': { balance: { hash: (request) => request.ip } },
  }
  for (const [what, difference] of Object.entries(differences)) {
    it(`is refused under a known name with different ${what}, and no secret is shown`, async (t) => {
      const second = { prefix: '/two', upstream: { ...base, ...difference } }
      await assert.rejects(
        startGateway(t, [{ prefix: '/one', upstream: base }, second]),
        (error: unknown) => {
          assert.ok(error instanceof OptionError)
          assert.equal(error.path, 'upstream.name')
          assert.equal(error.value, 'shop')
          assert.ok(!error.message.includes(KEY))
          return true
        },
      )
    })
  }

  it('is not the same over http and https', async (t) => {
    await assert.rejects(
      startGateway(t, [
        { prefix: '/one', upstream: 'http://127.0.0.1:9' },
        { prefix: '/two', upstream: 'https://127.0.0.1:9' },
      ]),
      { code: 'HOLDFAST_OPTION', path: 'upstream.name' },
    )
  })
})
