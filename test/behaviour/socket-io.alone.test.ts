import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { UpstreamOptions } from '@holdfast/plugin'
import { Server } from 'socket.io'
import { io, type Socket } from 'socket.io-client'
import { startGateway } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

const CLIENTS = 50
const KEY = 'a key of the test, long enough'

/** A Socket.IO server as applications have them, which says its name and echoes. */
async function startApp(t: TestContext, name: string) {
  const http = createServer()
  const sockets = new Server(http, { pingInterval: 10_000, pingTimeout: 10_000 })
  sockets.on('connection', (socket) => {
    socket.emit('name', name)
    socket.on('echo', (word: string, done: (answer: string) => void) => done(`${name}: ${word}`))
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const stop = async (): Promise<void> => {
    const closed = sockets.close()
    // Else it would wait for the polls that are open.
    http.closeAllConnections()
    await closed
  }
  t.after(stop)
  return { name, address: `127.0.0.1:${(http.address() as AddressInfo).port}`, sockets, stop }
}

/** What a client has been through. */
interface Client {
  readonly socket: Socket
  readonly names: string[]
  readonly errors: string[]
  readonly upgraded: boolean
}

function connect(t: TestContext, url: string, withCookies: boolean): Client {
  const socket = io(url, {
    forceNew: true,
    withCredentials: withCookies,
    reconnectionDelay: 50,
    reconnectionDelayMax: 200,
    transports: ['polling', 'websocket'],
  })
  t.after(() => socket.close())
  const names: string[] = []
  const errors: string[] = []
  let upgraded = false
  socket.on('name', (name: string) => names.push(name))
  socket.on('connect_error', (error) => errors.push(error.message))
  socket.io.on('open', () => {
    socket.io.engine.on('upgrade', () => {
      upgraded = true
    })
  })
  return {
    socket,
    names,
    errors,
    get upgraded() {
      return upgraded
    },
  }
}

/** Polling, POSTs and upgrade of every client must reach the server that knows its sid. */
async function fiftyClients(
  t: TestContext,
  upstream: Partial<UpstreamOptions>,
  withCookies: boolean,
): Promise<void> {
  const apps = await Promise.all(['a', 'b', 'c'].map((name) => startApp(t, name)))
  const unknown: string[] = []
  const gateway = await startGateway(t, {
    servers: apps.map(({ address }) => ({ address, maxFails: 1, failTimeout: '60s' })),
    upstream,
    prepare: (app) => {
      app.addHook('onResponse', async (request, reply) => {
        if (reply.statusCode >= 400) unknown.push(`${reply.statusCode} ${request.url}`)
      })
    },
  })
  const clients = Array.from({ length: CLIENTS }, () =>
    connect(t, `http://${gateway.address}`, withCookies),
  )
  await until(
    () => `all are upgraded; ${clients.filter((one) => !one.upgraded).length} are not`,
    () => clients.every((client) => client.upgraded && client.names.length > 0),
    { deadlineMs: 10_000 },
  )
  assert.deepEqual(
    clients.flatMap(({ errors }) => errors),
    [],
  )
  assert.deepEqual(unknown, [])
  const answers = await Promise.all(
    clients.map(({ socket }) => socket.timeout(5_000).emitWithAck('echo', 'hello')),
  )
  for (const [index, { names }] of clients.entries()) {
    assert.equal(answers[index], `${names[0]}: hello`)
  }
  const [home] = apps
  const homeless = clients.filter(({ names }) => names[0] === home?.name)
  assert.ok(homeless.length > 5, 'one server has its share of the clients')
  const started = performance.now()
  await home?.stop()
  await until(
    () => `all are back; ${homeless.filter(({ names }) => names.length < 2).length} are not`,
    () => homeless.every(({ names, socket }) => names.length > 1 && socket.connected),
    { deadlineMs: 10_000 },
  )
  const back = Math.round(performance.now() - started)
  for (const { names } of clients) {
    assert.ok(names.length === 1 || names[0] === home?.name, 'nobody else had to move')
  }
  assert.ok(!unknown.some((line: string) => line.startsWith('400')))
  t.diagnostic(
    `${CLIENTS} clients over 3 servers, 0 "Session ID unknown"; ` +
      `${homeless.length} lost their server and were back within ${back} ms`,
  )
}

test('Socket.IO by cookie: polling, POSTs and upgrade of one sid reach one server', async (t) => {
  await fiftyClients(
    t,
    { sticky: { cookie: 'srv_id', keys: [KEY] }, timeouts: { tunnel: '30s' } },
    true,
  )
})

test('Socket.IO by learning: clients without cookies are followed by their sid', async (t) => {
  await fiftyClients(
    t,
    {
      sticky: {
        learn: {
          // The handshake's answer is `0{"sid":"...", ...}`.
          create: (status, _headers, chunk) =>
            status === 200 && chunk?.[0] === 0x30
              ? /"sid":"([^"]+)"/.exec(Buffer.from(chunk).toString('latin1'))?.[1]
              : undefined,
          lookup: '$arg_sid',
        },
        // A sid means nothing to another server: the client must start anew.
        fallback: false,
      },
    },
    false,
  )
})
