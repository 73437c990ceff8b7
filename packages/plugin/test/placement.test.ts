import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Browser, KEY, setCookies, startGateway } from './fixtures/gateway.js'
import { startShops } from './fixtures/shop.js'

describe('A sticky route', () => {
  it('follows the id that the request carries, and a removed one is no binding', async (t) => {
    const [a, b] = await startShops(t)
    const app = await startGateway(t, {
      prefix: '/',
      upstream: {
        name: 'shop',
        servers: [
          { address: a!.address, route: 'ra' },
          { address: b!.address, route: 'rb' },
        ],
        sticky: { route: ['$cookie_route', '$arg_route', (request) => request.headers.from] },
      },
    })
    const browser = new Browser(app)
    for (let i = 0; i < 3; i += 1) {
      assert.equal(await browser.visit('/?route=ra'), 'a')
      assert.equal(await browser.visit('/?route=rb'), 'b')
    }
    const byCookie = await browser.get('/?route=ra', { cookie: 'route=rb' })
    assert.equal(byCookie.json<{ server: string }>().server, 'b')
    const byFunction = await browser.get('/', { from: 'rb' })
    assert.equal(byFunction.json<{ server: string }>().server, 'b')

    const unknown = await browser.get('/?route=rc')
    assert.equal(unknown.statusCode, 200)
    assert.equal(unknown.json<{ headers: object }>().headers['holdfast-moved' as never], 'removed')
    assert.deepEqual(setCookies(unknown), [])
  })
})

describe('A hash key', () => {
  it('is the first that is not empty, down to the address of the client', async (t) => {
    const shops = await startShops(t, 'abcdef')
    const app = await startGateway(
      t,
      {
        prefix: '/',
        upstream: {
          name: 'shop',
          servers: shops.map(({ address }) => address),
          balance: {
            hash: ['$cookie_PHPSESSID', (request) => request.headers['x-user']?.toString()],
          },
        },
      },
      { server: { trustProxy: true } },
    )
    const answering = async (headers: Record<string, string>) =>
      (await app.inject({ url: '/', headers })).json<{ server: string }>().server
    const clients = Array.from({ length: 40 }, (_, i) => `192.0.2.${i + 1}`)
    const homes = new Set<string>()
    for (const client of clients) {
      const from = { 'x-forwarded-for': client }
      const home = await answering(from)
      homes.add(home)
      assert.equal(await answering(from), home, client)
      // The same session from anywhere.
      const session = { cookie: `PHPSESSID=${client}` }
      assert.equal(await answering({ ...from, ...session }), await answering(session))
      assert.equal(
        await answering({ 'x-user': client, ...from }),
        await answering({ 'x-user': client }),
      )
    }
    assert.ok(homes.size > 3, `${homes.size} servers for ${clients.length} clients`)
  })

  it('makes the first burst of a new client coherent, before any cookie', async (t) => {
    const shops = await startShops(t, 'abcdef')
    const options = {
      prefix: '/',
      upstream: {
        name: 'shop',
        servers: shops.map(({ address }) => address),
        balance: { hash: '$remote_addr' },
        sticky: { cookie: 'srv_id', keys: [KEY] },
      },
    }
    const replicas = [await startGateway(t, options), await startGateway(t, options)]
    const burst = await Promise.all(
      Array.from({ length: 8 }, (_, i) => new Browser(replicas[i % 2]!).visit(`/${i}`)),
    )
    assert.equal(new Set(burst).size, 1)
  })
})
