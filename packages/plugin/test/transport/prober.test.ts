import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import {
  createSeededRandom,
  systemClock,
  systemTimers,
  Upstream,
  type UpstreamOptions,
} from '@holdfast/core'
import { Connections } from '#plugin/transport/connections.js'
import { createProber } from '#plugin/transport/prober.js'
import { certificate, privateKey } from '../fixtures/certificate.js'
import { deadAddress } from '../fixtures/shop.js'

const SYSTEM = { clock: systemClock, timers: systemTimers }

async function listen(t: TestContext, server: Server, ...at: [path: string] | []): Promise<string> {
  const [path] = at
  if (path === undefined) server.listen(0, '127.0.0.1')
  else server.listen(path)
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return path === undefined ? `127.0.0.1:${(server.address() as AddressInfo).port}` : `unix:${path}`
}

/** A check of the server at `address`, under an upstream with these options. */
async function check(
  address: string,
  {
    signal = new AbortController().signal,
    path = '/',
    ...options
  }: Partial<UpstreamOptions> & {
    readonly signal?: AbortSignal
    readonly path?: string
  } = {},
): Promise<number> {
  const upstream = new Upstream(
    { name: 'shop', servers: [address], ...options },
    { clock: systemClock, random: createSeededRandom(1) },
  )
  const { tls, host } = upstream.config
  const prober = createProber((server) => new Connections(server, tls, SYSTEM), host)
  const [server] = upstream.servers
  return await prober.probe(server!, path, signal)
}

/** What a server was asked, and a listener that says `status`. */
function recording(status = 200): { asked: IncomingMessage[]; listener: RequestListener } {
  const asked: IncomingMessage[] = []
  return {
    asked,
    listener: (request, response) => {
      asked.push(request)
      response.writeHead(status).end('fine')
    },
  }
}

describe('A check', () => {
  it('is a GET of the path, and yields the status', async (t) => {
    const { asked, listener } = recording(503)
    const address = await listen(t, createServer(listener))
    assert.equal(await check(address, { path: '/healthz?full=1' }), 503)
    const [request] = asked
    assert.deepEqual([request?.method, request?.url], ['GET', '/healthz?full=1'])
  })

  it('names the server in Host, or what the upstream says', async (t) => {
    const { asked, listener } = recording()
    const address = await listen(t, createServer(listener))
    for (const host of ['$host', '$proxy_host', 'shop.example.com']) await check(address, { host })
    assert.deepEqual(
      asked.map(({ headers }) => headers.host),
      [address, address, 'shop.example.com'],
    )
  })

  it('dials anew each time and leaves no connection behind', async (t) => {
    const server = createServer(recording().listener)
    const sockets: Socket[] = []
    server.on('connection', (socket) => sockets.push(socket))
    const address = await listen(t, server)
    await check(address)
    await check(address)
    assert.equal(sockets.length, 2)
    await Promise.all(sockets.map((socket) => socket.closed || once(socket, 'close')))
  })

  it('does not wait for the end of the answer', async (t) => {
    const address = await listen(
      t,
      createServer((_request, response) => {
        response.writeHead(200)
        response.write('and so on')
      }),
    )
    assert.equal(await check(address), 200)
  })

  it('fails where nobody listens', async (t) => {
    await assert.rejects(check(await deadAddress(t)), { code: 'ECONNREFUSED' })
  })

  it('fails where what comes back is not HTTP', async (t) => {
    const server = createTcpServer((socket) => socket.on('error', () => {}).end('SSH-2.0-x\r\n'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    await assert.rejects(check(`127.0.0.1:${(server.address() as AddressInfo).port}`))
  })

  it('is given up when nobody waits any more', async (t) => {
    const server = createServer(() => {})
    const address = await listen(t, server)
    const controller = new AbortController()
    const answer = check(address, { signal: controller.signal })
    const [request] = (await once(server, 'request')) as [IncomingMessage]
    controller.abort()
    await assert.rejects(answer)
    if (!request.socket.closed) await once(request.socket, 'close')
  })

  it('goes through a unix socket', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-'))
    t.after(() => rm(folder, { recursive: true }))
    const { asked, listener } = recording()
    const address = await listen(t, createServer(listener), join(folder, 'shop.sock'))
    assert.equal(await check(address), 200)
    assert.equal(asked[0]?.headers.host, 'localhost')
  })

  it('goes over TLS, and fails where the certificate is not trusted', async (t) => {
    const { listener } = recording()
    const server = createTlsServer({ cert: certificate, key: privateKey }, listener)
    const address = `https://${await listen(t, server)}`
    assert.equal(await check(address, { tls: { ca: certificate } }), 200)
    assert.equal(await check(address, { tls: { verify: false } }), 200)
    await assert.rejects(check(address), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    await assert.rejects(
      check(address, { tls: { ca: certificate, servername: 'shop.example.com' } }),
      { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    )
  })
})
