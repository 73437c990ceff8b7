import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { answer, end, hang } from '#fixtures/behaviour.js'
import { connect, handshake, pair, startEcho, startEchoes } from '#fixtures/echo-sockets.js'
import { startFaultServer } from '#fixtures/fault-server.js'
import { startGateway } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { listen, REFUSED } from '#fixtures/ports.js'
import { connectRaw, exchange, get } from '#fixtures/raw-client.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

test('a WebSocket is tunnelled to one server, and its 101 brings the sticky cookie', async (t) => {
  const { gateway, servers } = await startEchoes(t)
  const first = await connect(t, `ws://${gateway.address}/chat?room=1`)
  assert.match(first.setCookie ?? '', /^srv_id=[\w-]{78}; Path=\/; HttpOnly; SameSite=Lax$/)
  for (let i = 0; i < 4; i += 1) {
    const again = await connect(t, `ws://${gateway.address}/`, { cookie: pair(first.setCookie) })
    assert.equal(again.server, first.server)
    assert.equal(again.setCookie, undefined, 'a cookie that holds is not sent again')
  }
  const over = await exchange(
    gateway.address,
    get('/', `Cookie: ${pair(first.setCookie)}`, 'Connection: close'),
  )
  assert.equal(JSON.parse(over.body.toString()).server, first.server)
  const [request] = servers.find(({ name }) => name === first.server)?.upgrades ?? []
  assert.equal(request?.url, '/chat?room=1')
  assert.equal(request?.headers['x-forwarded-for'], '127.0.0.1')
  assert.equal(request?.headers.cookie, undefined, 'our cookie stays with us')
})

test('subprotocol and extensions are agreed end to end, large and many messages pass', async (t) => {
  const { gateway } = await startEchoes(t)
  const { socket } = await connect(t, `ws://${gateway.address}/`, { protocol: 'chat.v2' })
  assert.equal(socket.protocol, 'chat.v2')
  assert.equal(socket.extensions, 'permessage-deflate')
  const received: number[] = []
  socket.on('message', (data: Buffer) => received.push(data.length))
  const sizes = [1, 125, 126, 65_535, 65_536, 3_000_000]
  for (const size of sizes) socket.send(Buffer.alloc(size, 'x'))
  await until('all echoes', () => received.length === sizes.length)
  assert.deepEqual(received, sizes)
})

test('a server that refuses the connection is passed over before the 101', async (t) => {
  const { gateway } = await startEchoes(t, { before: [REFUSED] })
  for (let i = 0; i < 4; i += 1) await connect(t, `ws://${gateway.address}/`)
  assert.ok(gateway.fails() > 0)
})

test("a server's refusal reaches the client as it is", async (t) => {
  const refusing = await startFaultServer({
    script: () => answer({ status: 403, headers: { 'X-Why': 'no members' }, body: 'members only' }),
  })
  t.after(() => refusing.close())
  const gateway = await startGateway(t, {
    servers: [refusing.address],
    upstream: { sticky: { cookie: 'srv_id', keys: ['a key of the test, long enough'] } },
  })
  const response = await exchange(gateway.address, handshake('/chat'))
  assert.equal(response.status, 403)
  assert.equal(response.body.toString(), 'members only')
  assert.match(response.head.lines.join('\n'), /X-Why: no members/i)
  assert.match(response.head.lines.join('\n'), /Connection: close/i)
})

test('nothing of the client goes to a server before the 101, and nothing of it is lost', async (t) => {
  let agree: () => void = () => {}
  const agreed = new Promise<void>((resolve) => {
    agree = resolve
  })
  const seen: Buffer[] = []
  const server = createServer()
  server.on('upgrade', async (_request, socket, head) => {
    seen.push(Buffer.from(head))
    socket.on('data', (chunk: Buffer) => seen.push(chunk))
    socket.on('end', () => socket.destroy())
    await agreed
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n')
  })
  const address = `127.0.0.1:${await listen(server)}`
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [address] })
  const client = await connectRaw(gateway.address)
  t.after(() => client.abort())
  client.send(`${handshake('/').replace('Upgrade: websocket', 'Upgrade: raw')}early bytes`)
  await until('the server was asked', () => seen.length > 0)
  assert.equal(Buffer.concat(seen).length, 0)
  agree()
  await until('the early bytes', () => Buffer.concat(seen).toString() === 'early bytes')
  client.send(', and later ones')
  await until('the later bytes', () => Buffer.concat(seen).toString().endsWith('later ones'))
})

test('a WebSocket holds a connection of its server until it closes', async (t) => {
  const servers = await Promise.all(['a', 'b'].map((name) => startEcho(t, name)))
  const gateway = await startGateway(t, {
    servers: servers.map(({ address }) => ({ address, maxConns: 1 })),
  })
  const url = `ws://${gateway.address}/`
  const one = await connect(t, url)
  const two = await connect(t, url)
  assert.deepEqual([one.server, two.server].sort(), ['a', 'b'])
  const state = () => gateway.app.holdfast.get('test').snapshot().servers
  assert.deepEqual(
    state().map(({ active, tunnels }) => [active, tunnels]),
    [
      [1, 1],
      [1, 1],
    ],
  )
  assert.equal((await exchange(gateway.address, handshake('/'))).status, 502)
  one.socket.close()
  await until('one connection is free', () => gateway.active() === 1)
  const three = await connect(t, url)
  assert.equal(three.server, one.server)
})

test('a tunnel that is silent for longer than its limit is closed, a busy one is not', async (t) => {
  const { gateway } = await startEchoes(t, { upstream: { timeouts: { tunnel: '300ms' } } })
  const silent = await connect(t, `ws://${gateway.address}/`)
  const busy = await connect(t, `ws://${gateway.address}/`)
  const started = performance.now()
  const beat = setInterval(() => busy.socket.ping(), 50)
  t.after(() => clearInterval(beat))
  await silent.closed()
  const took = performance.now() - started
  assert.ok(took > 250 && took < 1500, `closed after ${took} ms`)
  assert.equal(busy.socket.readyState, WebSocket.OPEN)
})

test('one end that dies takes the other with it', async (t) => {
  const { gateway, servers } = await startEchoes(t)
  const first = await connect(t, `ws://${gateway.address}/`)
  const home = servers.find(({ name }) => name === first.server)
  for (const socket of home?.sockets ?? []) socket.terminate()
  assert.equal(await first.closed(), 1006)
  const second = await connect(t, `ws://${gateway.address}/`)
  const other = servers.find(({ name }) => name === second.server)
  second.socket.terminate()
  await until('the server saw it go', () => other?.sockets.size === 0)
  await until('no connection is held', () => gateway.active() === 0)
})

for (const leave of ['end', 'abort'] as const) {
  test(`a client that leaves (${leave}) before the 101 leaves nothing behind`, async (t) => {
    const server = await startFaultServer({ script: () => hang() })
    t.after(() => server.close())
    const gateway = await startGateway(t, { servers: [server.address] })
    const client = await connectRaw(gateway.address)
    t.after(() => client.close())
    client.send(`${handshake('/')}early bytes`)
    await until('the server was asked', () => server.requests.length === 1)
    client[leave]()
    await until('its connection is closed', () => server.connections === 0)
    assert.equal(gateway.active(), 0)
    assert.equal(gateway.fails(), 0)
  })
}

test('a client that says too much before the 101 is held back, and nothing of it is lost', async (t) => {
  let agree: () => void = () => {}
  let read = 0
  const server = createServer()
  server.on('upgrade', (_request, socket, head) => {
    read += head.length
    socket.on('data', (chunk: Buffer) => {
      read += chunk.length
    })
    socket.on('end', () => socket.destroy())
    agree = () =>
      socket.write('HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n')
  })
  const asked = once(server, 'upgrade')
  const address = `127.0.0.1:${await listen(server)}`
  t.after(() => server.close())
  let ours: Socket | undefined
  const gateway = await startGateway(t, {
    servers: [address],
    prepare: (app) => {
      app.server.on('connection', (socket: Socket) => {
        ours = socket
      })
    },
  })
  const client = await connectRaw(gateway.address)
  t.after(() => client.abort())
  client.send(handshake('/').replace('Upgrade: websocket', 'Upgrade: raw'))
  client.send(Buffer.alloc(8_000_000))
  await asked
  await until('the gateway stops reading', () => ours?.isPaused() === true)
  assert.ok((ours?.bytesRead ?? 0) < 300_000, `${ours?.bytesRead} bytes were read`)
  agree()
  await until('all of it has come', () => read === 8_000_000)
})

test('a refused client that never closes is let go', async (t) => {
  const refusing = await startFaultServer({ script: () => answer({ status: 403 }) })
  t.after(() => refusing.close())
  const gateway = await startGateway(t, { servers: [refusing.address] })
  const client = await connectRaw(gateway.address)
  t.after(() => client.close())
  client.send(handshake('/'))
  assert.equal((await client.response()).status, 403)
  const open = () =>
    new Promise<number>((resolve) => {
      gateway.app.server.getConnections((_error, count) => resolve(count))
    })
  await until('the gateway closed it', async () => (await open()) === 0)
})

test('on shutdown both ends are told 1001, at once', async (t) => {
  const { gateway, servers } = await startEchoes(t)
  const clients = await Promise.all(
    Array.from({ length: 6 }, () => connect(t, `ws://${gateway.address}/`)),
  )
  const started = performance.now()
  await gateway.app.close()
  const codes = await Promise.all(clients.map((client) => client.closed()))
  assert.deepEqual(codes, Array(6).fill(1001))
  await until('servers saw it', () => servers.flatMap(({ closes }) => closes).length === 6)
  assert.deepEqual(
    servers.flatMap(({ closes }) => closes),
    Array(6).fill(1001),
  )
  assert.ok(performance.now() - started < 1500)
})

test('hooks of the gateway hold for upgrades', async (t) => {
  const { gateway, servers } = await startEchoes(t, {
    prepare: (app) => {
      app.addHook('onRequest', async (request, reply) => {
        if (request.headers.authorization !== 'Bearer good') {
          await reply.code(401).send({ error: 'who are you?' })
        }
      })
    },
  })
  const response = await exchange(gateway.address, handshake('/'))
  assert.equal(response.status, 401)
  assert.equal(servers.flatMap(({ upgrades }) => upgrades).length, 0)
  const client = await connectRaw(gateway.address)
  t.after(() => client.abort())
  client.send(handshake('/', 'Authorization: Bearer good'))
  await until('it is through', () => client.received.toString().startsWith('HTTP/1.1 101'))
})

test('HTTP/2 in disguise (h2c) is served as an ordinary request, never tunnelled', async (t) => {
  const server = await startFaultServer({ script: () => answer({ body: 'plain' }) })
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [server.address] })
  const request = handshake('/', 'HTTP2-Settings: AAMAAABkAAQAAP__').replace('websocket', 'h2c')
  const response = await exchange(gateway.address, request)
  assert.equal(response.status, 200)
  assert.equal(response.body.toString(), 'plain')
  const [received] = server.requests
  assert.equal(received?.header('upgrade'), undefined)
  assert.equal(received?.header('http2-settings'), undefined)
})

test('a server that goes away before it agrees costs a GET nothing', async (t) => {
  const broken = await startFaultServer({ script: () => end('request') })
  t.after(() => broken.close())
  const { gateway } = await startEchoes(t, { before: [broken.address] })
  for (let i = 0; i < 4; i += 1) await connect(t, `ws://${gateway.address}/`)
  assert.ok(gateway.fails() > 0)
})

test('a client that does not read 100 MB costs the gateway little memory', async (t) => {
  const server = createServer()
  const wss = new WebSocketServer({ server, perMessageDeflate: false })
  const MESSAGE = Buffer.alloc(1_000_000)
  let sent = 0
  wss.on('connection', (socket) => {
    const push = (): void => {
      if (sent < 100 && socket.readyState === WebSocket.OPEN) {
        sent += 1
        socket.send(MESSAGE, push)
      }
    }
    push()
  })
  const address = `127.0.0.1:${await listen(server)}`
  t.after(() => {
    for (const socket of wss.clients) socket.terminate()
    server.close()
  })
  const gateway = await startGateway(t, { servers: [address] })
  const client = await connectRaw(gateway.address)
  t.after(() => client.abort())
  client.send(handshake('/'))
  await until('the tunnel stands', () => gateway.active() === 1)
  client.pause()
  const before = process.memoryUsage().rss
  let last = -1
  await until(
    'the server is held back',
    () => {
      const still = sent === last
      last = sent
      return still
    },
    { deadlineMs: 8000, everyMs: 200 },
  )
  const grown = Math.round((process.memoryUsage().rss - before) / 1e6)
  t.diagnostic(`held back after ${sent} MB of 100; resident memory grew by ${grown} MB`)
  assert.ok(sent < 30, `${sent} MB were taken from the server`)
})
