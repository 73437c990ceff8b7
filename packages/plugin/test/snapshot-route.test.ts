import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { startGateway } from './fixtures/gateway.js'
import { startShops } from './fixtures/shop.js'

const token = 'sixteen characters or more'
const adminToken = 'another sixteen characters'

async function served(t: TestContext): Promise<FastifyInstance> {
  const [shop] = await startShops(t, 'a')
  return await startGateway(t, {
    prefix: '/shop',
    upstream: { name: 'shop', servers: [{ id: 'one', address: shop!.address }] },
    stats: { path: '/-/snapshot', token, adminToken },
  })
}

async function say(app: FastifyInstance, payload: object, bearer = adminToken) {
  return await app.inject({
    method: 'POST',
    url: '/-/snapshot',
    headers: { authorization: `Bearer ${bearer}` },
    payload,
  })
}

function first(app: FastifyInstance) {
  return app.holdfast.get('shop').snapshot().servers[0]
}

describe('The snapshot route with an admin token', () => {
  it('overrides a server, and gives it back to its configuration', async (t) => {
    const app = await served(t)
    const drained = await say(app, { upstream: 'shop', server: 'one', mode: 'drain', weight: 5 })
    assert.equal(drained.statusCode, 200)
    assert.deepEqual([first(app)?.state, first(app)?.weight], ['drain', 5])
    assert.equal((await say(app, { upstream: 'shop', server: 'one' })).statusCode, 200)
    assert.deepEqual([first(app)?.state, first(app)?.weight], ['up', 1])
  })

  it('tells the log who wanted it', async (t) => {
    const app = await served(t)
    const heard: unknown[] = []
    app.holdfast.get('shop').on('override', ({ by }) => heard.push(by))
    await say(app, { upstream: 'shop', server: 'one', mode: 'down', by: 'ops@10.0.0.9' })
    assert.deepEqual(heard, ['ops@10.0.0.9'])
  })

  for (const [what, body] of Object.entries({
    'an unknown upstream': { upstream: 'shoe', server: 'one', mode: 'down' },
    'an unknown server': { upstream: 'shop', server: 'two', mode: 'down' },
    'a mode that is none': { upstream: 'shop', server: 'one', mode: 'off' },
    'a weight that is none': { upstream: 'shop', server: 'one', weight: 0 },
    'a name that is none': { upstream: 'shop', server: 'one', mode: 'down', by: {} },
    'a list': [1],
    'the prototype': { upstream: '__proto__', server: 'constructor', mode: 'down' },
  })) {
    it(`refuses ${what}, and nothing changes`, async (t) => {
      const app = await served(t)
      assert.equal((await say(app, body)).statusCode, 400)
      assert.equal(first(app)?.state, 'up')
    })
  }

  it('takes no other token for it, the read token least of all', async (t) => {
    const app = await served(t)
    for (const wrong of [token, '', `${adminToken}x`]) {
      const body = { upstream: 'shop', server: 'one', mode: 'down' }
      assert.equal((await say(app, body, wrong)).statusCode, 401)
    }
    assert.equal(first(app)?.state, 'up')
  })

  it('does not read with it', async (t) => {
    const app = await served(t)
    const headers = { authorization: `Bearer ${adminToken}` }
    assert.equal((await app.inject({ url: '/-/snapshot', headers })).statusCode, 401)
  })

  it('cannot be reached without the token by any spelling of its path, or of its method', async (t) => {
    const app = await served(t)
    const paths = [
      ...['/-/snapshot', '//-/snapshot', '/-//snapshot', '/-/./snapshot', '/x/../-/snapshot'],
      ...['/%2d/snapshot', '/-%2fsnapshot', '/-/snapshot/', '/-/snapshot;a', '/-/snapshot?a=b'],
      ...[
        '/-/SNAPSHOT',
        '/-/snapshot%00',
        '/-/snapshot%20',
        '/shop/../-/snapshot',
        '/-/snapsho%74',
      ],
    ]
    for (const url of paths) {
      for (const method of ['POST', 'PUT', 'PATCH', 'GET'] as const) {
        const headers = { 'x-http-method-override': 'POST', 'x-original-url': '/-/snapshot' }
        const payload = { upstream: 'shop', server: 'one', mode: 'down' }
        const response = await app.inject({
          method,
          url,
          headers,
          ...(method !== 'GET' && { payload }),
        })
        assert.ok([400, 401, 404].includes(response.statusCode), `${method} ${url}`)
        assert.ok(!response.body.includes('upstreams'))
      }
    }
    assert.equal(first(app)?.state, 'up')
  })
})
