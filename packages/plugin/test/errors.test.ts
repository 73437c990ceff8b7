import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, it, type TestContext } from 'node:test'
import type { FastifyInstance } from 'fastify'
import type { UpstreamOptions } from '#plugin/index.js'
import { startGateway } from './fixtures/gateway.js'
import { crash, deadAddress, Shop, status } from './fixtures/shop.js'

async function gateway(
  t: TestContext,
  address: string,
  more: Partial<UpstreamOptions> = {},
): Promise<FastifyInstance> {
  return await startGateway(t, {
    prefix: '/shop',
    upstream: { name: 'shop', servers: [address], ...more },
    bodyLimit: 10,
  })
}

/** Sends bytes as they are; the status of the answer and all that came back. */
async function send(
  app: FastifyInstance,
  bytes: string,
): Promise<{ code: number; answer: string }> {
  if (!app.server.listening) await app.listen({ host: '127.0.0.1', port: 0 })
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(bytes)
  const answer = await text(socket)
  return { code: Number(answer.split(' ')[1]), answer }
}

describe('What a client is told when the server is at fault', () => {
  const faults: ReadonlyArray<
    [
      what: string,
      code: string,
      status: number,
      fault: (t: TestContext) => Promise<FastifyInstance>,
    ]
  > = [
    [
      'nobody listens',
      'HOLDFAST_BAD_GATEWAY',
      502,
      async (t) => await gateway(t, await deadAddress(t)),
    ],
    [
      'the connection breaks',
      'HOLDFAST_BAD_GATEWAY',
      502,
      async (t) => {
        const shop = await Shop.start(t)
        shop.answer = crash
        return await gateway(t, shop.address)
      },
    ],
    [
      'no answer comes in time',
      'HOLDFAST_GATEWAY_TIMEOUT',
      504,
      async (t) => {
        const shop = await Shop.start(t)
        shop.answer = () => {}
        return await gateway(t, shop.address, { timeouts: { headers: '50ms' } })
      },
    ],
    [
      'every server is down',
      'HOLDFAST_NO_SERVER',
      502,
      async (t) => {
        const app = await gateway(t, '10.0.0.1:80')
        app.holdfast.get('shop').update([{ address: '10.0.0.1:80', down: true }])
        return app
      },
    ],
  ]
  for (const [what, code, statusCode, fault] of faults) {
    it(`is ${statusCode} ${code} when ${what}, and nothing of what is behind`, async (t) => {
      const app = await fault(t)
      const [server] = app.holdfast.get('shop').snapshot().servers
      const response = await app.inject('/shop')
      assert.equal(response.statusCode, statusCode)
      const body = response.json<Record<string, unknown>>()
      assert.deepEqual(Object.keys(body).sort(), ['code', 'error', 'message', 'statusCode'])
      assert.equal(body.code, code)
      const whole = `${JSON.stringify(response.headers)} ${response.body}`
      assert.ok(!whole.includes(server?.address.split(':')[0] ?? ''), whole)
      assert.doesNotMatch(whole, /ECONN|UND_ERR|undici|node:|socket| at /)
    })
  }

  it('is what the server itself said, if it said so', async (t) => {
    const shop = await Shop.start(t)
    const app = await gateway(t, shop.address)
    for (const code of [500, 502, 503, 599]) {
      shop.answer = status(code)
      const response = await app.inject('/shop')
      assert.equal(response.statusCode, code)
      assert.equal(response.json<{ server: string }>().server, 'a')
    }
  })
})

describe("A client's own mistake is never a 5xx and never reaches a server", () => {
  const host = 'Host: shop.example\r\nConnection: close\r\n'
  const mistakes: Record<string, [bytes: string, code: number]> = {
    'a target with a broken escape': [`GET /shop/%zz HTTP/1.1\r\n${host}\r\n`, 400],
    'a target that climbs out of its prefix': [`GET /shop/../admin HTTP/1.1\r\n${host}\r\n`, 400],
    'a target that climbs out in disguise': [`GET /shop/%2e%2E/admin HTTP/1.1\r\n${host}\r\n`, 400],
    'a prefix that is one only when decoded': [`GET /sh%6Fp/ HTTP/1.1\r\n${host}\r\n`, 400],
    'no target at all': [`GET  HTTP/1.1\r\n${host}\r\n`, 400],
    'no Host': ['GET /shop HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    'two Hosts': [`GET /shop HTTP/1.1\r\nHost: a\r\n${host}\r\n`, 400],
    'a Host with a user': ['GET /shop HTTP/1.1\r\nHost: a@b\r\nConnection: close\r\n\r\n', 400],
    'a body that is too long': [
      `POST /shop HTTP/1.1\r\n${host}Content-Length: 11\r\n\r\n12345678901`,
      413,
    ],
    'a body that grows too long': [
      `POST /shop HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n`,
      413,
    ],
    'a length that is no number': [`POST /shop HTTP/1.1\r\n${host}Content-Length: x\r\n\r\n`, 400],
    'two framings': [
      `POST /shop HTTP/1.1\r\n${host}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    'too many fields': [`GET /shop HTTP/1.1\r\n${host}${'a:b\r\n'.repeat(1_100)}\r\n`, 431],
    'too long a head': [`GET /shop HTTP/1.1\r\n${host}a: ${'b'.repeat(20_000)}\r\n\r\n`, 431],
    'an unknown method': [`BREW /shop HTTP/1.1\r\n${host}\r\n`, 400],
  }
  for (const [what, [bytes, code]] of Object.entries(mistakes)) {
    it(`${what}: ${code}`, async (t) => {
      const shop = await Shop.start(t)
      const app = await gateway(t, shop.address)
      const sent = await send(app, bytes)
      assert.equal(sent.code, code, sent.answer)
      const [server] = app.holdfast.get('shop').snapshot().servers
      assert.deepEqual(Object.values(server?.fails ?? {}), [0, 0, 0, 0, 0])
      assert.equal(server?.active, 0)
      assert.ok(!shop.asked.some(({ body }) => body.length > 10))
    })
  }
})
