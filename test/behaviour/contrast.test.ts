/** The example that keeps its sessions in two ways. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createShop } from '@holdfast/examples/contrast/shop.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { redisMissing, startRedis } from '#fixtures/redis.js'
import { Session } from '#fixtures/session.js'

failOnLeaks()

/** Two servers of one shop, and a visitor who asks them by turns. */
async function twoServers(t: TestContext, redis?: string) {
  const secret = 'a secret of the test, which is long enough'
  const shops = await Promise.all(['a', 'b'].map((name) => createShop({ name, secret, redis })))
  t.after(() => Promise.all(shops.map((shop) => shop.close())))
  const session = new Session()
  return async (server: 0 | 1): Promise<number> => {
    const cookie = session.header()
    const headers = cookie === undefined ? {} : { cookie }
    const response = await shops[server]?.inject({ method: 'POST', url: '/cart', headers })
    assert.equal(response?.statusCode, 200)
    session.take([response.headers['set-cookie'] ?? []].flat())
    return response.json<{ cart: string[] }>().cart.length
  }
}

test('a session in the memory of one server is unknown to the other', async (t) => {
  const put = await twoServers(t)
  assert.deepEqual([await put(0), await put(0), await put(1)], [1, 2, 1])
})

test('a session in Redis is known to both', { skip: redisMissing() }, async (t) => {
  const redis = await startRedis()
  t.after(() => redis.stop())
  const put = await twoServers(t, redis.url)
  assert.deepEqual([await put(0), await put(0), await put(1)], [1, 2, 3])
})
