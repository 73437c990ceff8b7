import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type Server, systemClock, systemTimers, type TlsConfig } from '@holdfast/core'
import { Connections } from '#plugin/transport/connections.js'
import type { Connection } from '#plugin/wire/connection.js'

const NO_TLS: TlsConfig = {
  ca: undefined,
  cert: undefined,
  key: undefined,
  servername: undefined,
  verify: true,
}

const SYSTEM = { clock: systemClock, timers: systemTimers }

interface Setup {
  readonly connections: Connections
  readonly sockets: Socket[]
  readonly server: NetServer
}

/** A server that answers everything, and the connections to it. */
async function setUp(t: TestContext, now = systemClock.now): Promise<Setup> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const address = `127.0.0.1:${port}`
  const connections = new Connections({ address, config: { tls: false } } as Server, NO_TLS, {
    ...SYSTEM,
    clock: { ...systemClock, now },
  })
  t.after(async () => {
    connections.close()
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  return { connections, sockets, server }
}

/** One exchange; resolves with `ok` or the error. */
function ask(connection: Connection): Promise<string> {
  return new Promise((resolve) => {
    const request = {
      method: 'GET',
      path: '/',
      headers: ['Host', 'test'],
      hasBody: false,
      upgrade: undefined,
      keepAlive: true,
    }
    connection.send(request, undefined, {
      onSending() {},
      onBegun() {},
      onHead() {},
      onSwitch() {},
      onBody() {},
      onComplete: () => resolve('ok'),
      onError: ({ message }) => resolve(message),
    })
  })
}

test('the connection that came back last is taken next, and is known to be used', async (t) => {
  const { connections } = await setUp(t)
  const [first, second] = [connections.take(false), connections.take(false)]
  assert.deepEqual([first.used, second.used], [false, false])
  await Promise.all([ask(first), ask(second)])
  connections.give(first)
  connections.give(second)
  assert.equal(connections.idleCount, 2)
  assert.equal(connections.take(false), second)
  assert.equal(connections.take(false), first)
  assert.equal(first.used, true)
  for (const one of [first, second]) one.destroy()
})

test('a fresh one is asked for and got, whatever is idle', async (t) => {
  const { connections } = await setUp(t)
  const idle = connections.take(false)
  await ask(idle)
  connections.give(idle)
  const fresh = connections.take(true)
  assert.notEqual(fresh, idle)
  assert.deepEqual([fresh.used, connections.idleCount], [false, 1])
  fresh.destroy()
})

test('one that the server closed is forgotten, and not taken again', async (t) => {
  const { connections, sockets } = await setUp(t)
  const idle = connections.take(false)
  await ask(idle)
  connections.give(idle)
  const gone = once(idle.socket, 'close')
  sockets[0]?.end()
  await gone
  assert.deepEqual([connections.idleCount, idle.closed], [0, true])
  const next = connections.take(false)
  assert.notEqual(next, idle)
  next.destroy()
})

test('one that has been idle for as long as the server keeps it is not taken again', async (t) => {
  let nowMs = 0
  const { connections } = await setUp(t, () => nowMs)
  const [first, second] = [connections.take(false), connections.take(false)]
  await Promise.all([ask(first), ask(second)])
  connections.give(first)
  nowMs = 1_000
  connections.give(second)
  nowMs = 60_500
  assert.equal(connections.take(false), second)
  const fresh = connections.take(false)
  assert.deepEqual([fresh.used, first.closed, connections.idleCount], [false, true, 0])
  for (const one of [second, fresh]) one.destroy()
})

test('one that broke cannot be given back', async (t) => {
  const { connections } = await setUp(t)
  const broken = connections.take(false)
  broken.destroy()
  connections.give(broken)
  assert.equal(connections.idleCount, 0)
})

test('closed, it ends what is idle now and what comes back later', async (t) => {
  const { connections, sockets } = await setUp(t)
  const [idle, busy] = [connections.take(false), connections.take(false)]
  await Promise.all([ask(idle), ask(busy)])
  connections.give(idle)
  const ended = sockets.map((socket) => once(socket, 'close'))
  connections.close()
  assert.deepEqual([idle.closed, busy.closed], [true, false])
  connections.give(busy)
  assert.equal(busy.closed, true)
  await Promise.all(ended)
})
