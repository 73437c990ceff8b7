/** The rest of the list that transport.test.ts begins: what surrounds a request. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import fastifyCookie from '@fastify/cookie'
import { serverOptions } from '@holdfast/plugin'
import { Redis, type RedisOptions } from 'ioredis'
import * as does from '#fixtures/behaviour.js'
import { handshake } from '#fixtures/echo-sockets.js'
import { startFaultServer } from '#fixtures/fault-server.js'
import { startGateway, testBothPaths } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { listen, REFUSED } from '#fixtures/ports.js'
import { connectRaw, exchange, get } from '#fixtures/raw-client.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

const STICKY = { cookie: 'srv_id', keys: ['a key of the test, long enough'] }

testBothPaths('12. after close a live connection is answered, and told to end', async (t, path) => {
  const server = await startFaultServer()
  t.after(() => server.close())
  const gateway = await startGateway(t, {
    servers: [server.address],
    path,
    fastify: { ...serverOptions(), forceCloseConnections: false },
  })
  let connection: Socket | undefined
  gateway.app.server.once('connection', (socket) => {
    connection = socket
  })
  const client = await connectRaw(gateway.address)
  t.after(() => client.close())
  client.send(get('/before'))
  assert.notEqual((await client.response()).header('connection'), 'close')
  // Closing ends idle connections; one with half a request is not idle.
  const half = 'GET /after HTTP/1.1\r\n'
  client.send(half)
  const sent = get('/before').length + half.length
  await until('half a request', () => connection?.bytesRead === sent)
  const closed = gateway.app.close()
  await until('closing', () => !gateway.app.server.listening)
  client.send('Host: test\r\n\r\n')
  const response = await client.response()
  assert.deepEqual([response.status, response.header('connection')], [200, 'close'])
  await closed
})

test('13. a WebSocket is dialled first: no server, no 101', async (t) => {
  const gateway = await startGateway(t, { servers: [REFUSED] })
  const response = await exchange(gateway.address, handshake('/chat'))
  assert.equal(response.status, 502)
  const told = [...response.head.lines, response.body.toString()].join('\n')
  assert.ok(!told.includes(REFUSED) && !told.includes('ECONN'), told)
})

test("13. the 101 brings the server's cookies, and ours", async (t) => {
  const address = await startTunnels(t, ['Set-Cookie: a=1', 'Set-Cookie: b=2'])
  const gateway = await startGateway(t, { servers: [address], upstream: { sticky: STICKY } })
  const client = await connectRaw(gateway.address)
  t.after(() => client.abort())
  client.send(handshake('/chat'))
  await until('the 101', () => client.received.includes('\r\n\r\n'))
  const head = client.received.toString('latin1')
  assert.match(head, /^HTTP\/1\.1 101 /)
  const names = [...head.matchAll(/^Set-Cookie: (\w+)=/gim)].map(([, name]) => name)
  assert.deepEqual(names.sort(), ['a', 'b', 'srv_id'])
})

test('13. a client that does not read holds its server back', async (t) => {
  const MEGABYTE = Buffer.alloc(1_000_000)
  const MOST = 60
  let taken = 0
  const address = await startTunnels(t, [], (write) => {
    const push = (): void => {
      if (taken === MOST) return
      write(MEGABYTE, () => {
        taken += 1
        push()
      })
    }
    push()
  })
  const gateway = await startGateway(t, { servers: [address] })
  const client = await connectRaw(gateway.address)
  t.after(() => client.abort())
  client.send(handshake('/chat'))
  client.pause()
  let before = -1
  const heldBack = (): boolean => {
    const stands = taken > 0 && taken === before
    before = taken
    return stands
  }
  await until('the server is held back', heldBack, { deadlineMs: 8_000, everyMs: 200 })
  assert.ok(taken < MOST / 2, `${taken} MB of ${MOST} were taken from the server`)
  client.resume()
  await until('the rest', () => client.receivedBytes > MOST * MEGABYTE.length, {
    deadlineMs: 8_000,
  })
})

testBothPaths("14. @fastify/cookie's onSend and our cookie do not meet", async (t, path) => {
  const server = await startFaultServer({
    script: () => does.answer({ headers: { 'Set-Cookie': ['a=1', 'b=2'] } }),
  })
  t.after(() => server.close())
  const gateway = await startGateway(t, {
    servers: [server.address],
    path,
    upstream: { sticky: STICKY },
    prepare: async (app) => {
      await app.register(fastifyCookie)
      app.addHook('onRequest', async (_request, reply) => {
        reply.setCookie('own', 'mine')
      })
    },
  })
  const answer = await fetch(`http://${gateway.address}/`)
  assert.equal(answer.status, 200)
  const cookies = answer.headers.getSetCookie()
  assert.deepEqual(cookies.map((line) => line.split('=')[0]).sort(), ['a', 'b', 'own', 'srv_id'])
})

test('15. with a Redis that is frozen no request waits, however the client was made', async (t) => {
  // It takes connections and never says a word.
  const frozen = await startFaultServer({ script: does.hang() })
  t.after(() => frozen.close())
  const server = await startFaultServer()
  t.after(() => server.close())
  // With its defaults: it queues without end, and sends again what got no answer.
  const client = new Redis({ port: frozen.port, host: '127.0.0.1', lazyConnect: true })
  t.after(() => client.disconnect())
  const duplicates: Redis[] = []
  const duplicate = client.duplicate.bind(client)
  client.duplicate = (override?: Partial<RedisOptions>) => {
    const made = duplicate(override)
    duplicates.push(made)
    return made
  }
  const started = performance.now()
  const gateway = await startGateway(t, {
    servers: [server.address],
    plugin: { fleet: { redis: client } },
  })
  const ready = performance.now()
  for (let i = 0; i < 20; i += 1) {
    assert.equal((await exchange(gateway.address, get('/'))).status, 200)
  }
  const answered = performance.now()
  assert.ok(ready - started < 3_000, `started after ${ready - started} ms`)
  assert.ok(answered - ready < 1_000, `20 requests took ${answered - ready} ms`)
  assert.equal(gateway.app.holdfast.snapshot().store, 'down')
  assert.equal(duplicates.length, 2)
  for (const { options } of duplicates) {
    assert.equal(options.enableOfflineQueue, false)
    assert.equal(options.autoResendUnfulfilledCommands, false)
    assert.ok((options.maxRetriesPerRequest ?? Number.POSITIVE_INFINITY) <= 1)
    assert.ok((options.commandTimeout ?? Number.POSITIVE_INFINITY) <= 1_000)
  }
  assert.equal(client.status, 'wait', "the user's own connection is the user's")
})

/** A server that agrees to every upgrade with these lines in its head; its address. */
async function startTunnels(
  t: TestContext,
  lines: readonly string[],
  onOpen: (write: (bytes: Buffer, done: () => void) => void) => void = () => {},
): Promise<string> {
  const server = createServer()
  server.on('upgrade', (_request, socket) => {
    socket.on('error', () => {})
    socket.on('data', () => {})
    socket.on('end', () => socket.destroy())
    t.after(() => socket.destroy())
    const head = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket']
    socket.write([...head, ...lines, '', ''].join('\r\n'))
    onOpen((bytes, done) => socket.write(bytes, () => socket.destroyed || done()))
  })
  t.after(() => server.close())
  return `127.0.0.1:${await listen(server)}`
}
