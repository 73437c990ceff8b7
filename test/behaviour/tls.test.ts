/** TLS to servers, and servers behind unix sockets. */
import assert from 'node:assert/strict'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Server } from 'node:net'
import { join } from 'node:path'
import { before, type TestContext, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import {
  type Certificate,
  type Certificates,
  makeCertificates,
  opensslMissing,
} from '#fixtures/certificates.js'
import { temporaryFolder } from '#fixtures/daemon.js'
import { startGateway } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { listen } from '#fixtures/ports.js'
import { exchange, get, post } from '#fixtures/raw-client.js'

failOnLeaks()

const skip = opensslMissing() ?? false
let certificates: Certificates

before(async () => {
  if (skip === false) certificates = await makeCertificates('IP:127.0.0.1', 'DNS:app.example')
})

const certificate = (index: number): Certificate => certificates.signed[index] as Certificate

interface SecureServer {
  readonly address: string
  readonly port: number
  readonly seen: Array<{ sni: string; host: string; connection: unknown }>
}

function closeAfter(t: TestContext, server: Server & { closeAllConnections(): void }): void {
  t.after(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
}

async function secureServer(t: TestContext, pair: Certificate): Promise<SecureServer> {
  const seen: SecureServer['seen'] = []
  const server = createTlsServer(pair, (request, response) => {
    const socket = request.socket as TLSSocket & { servername: string | false }
    const sni = socket.servername === false ? '' : socket.servername
    seen.push({ sni, host: request.headers.host ?? '', connection: socket })
    request.resume().on('end', () => response.end('secure'))
  })
  const port = await listen(server)
  closeAfter(t, server)
  return { address: `https://127.0.0.1:${port}`, port, seen }
}

test('a server without a certificate that we trust is 502, and counted', { skip }, async (t) => {
  const server = await secureServer(t, certificate(0))
  const gateway = await startGateway(t, { servers: [server.address] })
  assert.equal((await exchange(gateway.address, get('/'))).status, 502)
  assert.equal((await exchange(gateway.address, post('/', 'body'))).status, 502)
  assert.equal(server.seen.length, 0)
  assert.equal(gateway.fails(), 2)
})

test('with its authority in tls.ca it is served, over one connection', { skip }, async (t) => {
  const server = await secureServer(t, certificate(0))
  const gateway = await startGateway(t, {
    servers: [server.address],
    upstream: { tls: { ca: certificates.ca } },
  })
  for (const host of ['a.example', 'b.example']) {
    const request = `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`
    const response = await exchange(gateway.address, request)
    assert.deepEqual([response.status, response.body.toString()], [200, 'secure'])
  }
  assert.deepEqual(
    server.seen.map(({ host, sni }) => [host, sni]),
    [
      ['a.example', ''],
      ['b.example', ''],
    ],
  )
  assert.equal(new Set(server.seen.map(({ connection }) => connection)).size, 1)
})

test('a certificate for another name is refused', { skip }, async (t) => {
  const server = await secureServer(t, certificate(1))
  const gateway = await startGateway(t, {
    servers: [server.address],
    upstream: { tls: { ca: certificates.ca } },
  })
  assert.equal((await exchange(gateway.address, get('/'))).status, 502)
  assert.equal(server.seen.length, 0)
})

test('tls.servername is what is asked for and checked', { skip }, async (t) => {
  const server = await secureServer(t, certificate(1))
  const gateway = await startGateway(t, {
    servers: [server.address],
    upstream: { tls: { ca: certificates.ca, servername: 'app.example' } },
  })
  for (let i = 0; i < 2; i += 1) {
    assert.equal((await exchange(gateway.address, get('/'))).status, 200)
  }
  assert.deepEqual(
    server.seen.map(({ sni, host }) => [sni, host]),
    [
      ['app.example', 'test'],
      ['app.example', 'test'],
    ],
  )
  assert.equal(new Set(server.seen.map(({ connection }) => connection)).size, 1)
})

test('tls.verify: false takes any certificate', { skip }, async (t) => {
  const server = await secureServer(t, certificate(1))
  const gateway = await startGateway(t, {
    servers: [server.address],
    upstream: { tls: { verify: false } },
  })
  assert.equal((await exchange(gateway.address, get('/'))).status, 200)
})

test('a refused certificate goes elsewhere, as nothing was sent', { skip }, async (t) => {
  const wrong = await secureServer(t, certificate(1))
  const right = await secureServer(t, certificate(0))
  const gateway = await startGateway(t, {
    servers: [wrong.address, right.address],
    upstream: { tls: { ca: certificates.ca } },
  })
  for (let i = 0; i < 4; i += 1) {
    assert.equal((await exchange(gateway.address, post('/', 'body'))).status, 200)
  }
  assert.equal(right.seen.length, 4)
})

test('a server that speaks no TLS is 502', { skip }, async (t) => {
  const server = createHttpServer((_, response) => response.end())
  const port = await listen(server)
  closeAfter(t, server)
  const gateway = await startGateway(t, { servers: [`https://127.0.0.1:${port}`] })
  assert.equal((await exchange(gateway.address, get('/'))).status, 502)
})

test('a server behind a unix socket is served', async (t) => {
  const folder = await temporaryFolder()
  const path = join(folder.path, 'app.sock')
  const hosts: Array<string | undefined> = []
  const server = createHttpServer((request, response) => {
    hosts.push(request.headers.host)
    response.end('by socket')
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  closeAfter(t, server)
  t.after(() => folder.remove())
  for (const host of ['$host', '$proxy_host'] as const) {
    const gateway = await startGateway(t, { servers: [`unix:${path}`], upstream: { host } })
    const response = await exchange(gateway.address, get('/'))
    assert.deepEqual([response.status, response.body.toString()], [200, 'by socket'])
  }
  assert.deepEqual(hosts, ['test', 'localhost'])
})
