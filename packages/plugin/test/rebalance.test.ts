import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Browser, KEY, setCookies, startGateway, withPorts } from './fixtures/gateway.js'
import { type Shop, startShops } from './fixtures/shop.js'
import { VirtualTime } from './fixtures/virtual-time.js'

test('a session that its server lets go moves to a new server, which is told the reason', async (t) => {
  const [a, b] = (await startShops(t, 'ab')) as [Shop, Shop]
  const time = new VirtualTime()
  const upstream = {
    name: 'shop',
    servers: [a.address],
    sticky: { cookie: 'srv', keys: [KEY] },
    rebalance: { perMinute: 600 },
  }
  const app = await startGateway(t, withPorts({ upstream }, time))
  const browsers = Array.from({ length: 10 }, () => new Browser(app))
  for (const browser of browsers) await browser.visit()
  await time.pass(61_000)
  a.answer = (response, asked) => {
    response.setHeader('holdfast-release', asked.url === '/done' ? '1' : '0')
    response.end(JSON.stringify(asked))
  }
  for (const browser of browsers) {
    const answer = await browser.get('/done')
    assert.equal(answer.headers['holdfast-release'], undefined, 'it is not the client’s business')
  }
  app.holdfast.get('shop').update([a.address, b.address])
  await time.pass(61_000)
  const [first] = browsers as [Browser]
  const answer = await first.send({ method: 'POST', url: '/', payload: 'x' })
  assert.equal((JSON.parse(answer.body) as { server: string }).server, 'b')
  assert.equal(b.heard['holdfast-moved'], 'rebalance')
  assert.equal(setCookies(answer).length, 1)
  assert.equal(await first.visit(), 'b')
  assert.equal(b.heard['holdfast-moved'], undefined)
  assert.deepEqual(app.holdfast.get('shop').snapshot().affinity.moved, { rebalance: 1 })
})
