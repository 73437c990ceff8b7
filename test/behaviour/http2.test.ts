/** Clients of HTTP/2, and of HTTP/1.1 on the same port. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { before, type TestContext, test } from 'node:test'
import { connect as tlsConnect } from 'node:tls'
import { type Echo, startAppServer } from '#fixtures/app-server.js'
import * as does from '#fixtures/behaviour.js'
import {
  type Certificate,
  type Certificates,
  makeCertificates,
  opensslMissing,
} from '#fixtures/certificates.js'
import { type FaultServer, type Script, startFaultServer } from '#fixtures/fault-server.js'
import { type Path, paths, startGateway, type TestGateway } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

const skip = opensslMissing() ?? false
let certificates: Certificates

before(async () => {
  if (skip === false) certificates = await makeCertificates('IP:127.0.0.1')
})

interface Setup {
  readonly server: FaultServer
  readonly gateway: TestGateway
  readonly session: ClientHttp2Session
}

async function setUp(t: TestContext, path: Path, script?: Script): Promise<Setup> {
  const server = await startFaultServer(script === undefined ? {} : { script })
  t.after(() => server.close())
  return { server, ...(await startSecure(t, path, server.address)) }
}

async function startSecure(
  t: TestContext,
  path: Path,
  address: string,
): Promise<{ gateway: TestGateway; session: ClientHttp2Session }> {
  const [{ cert, key }] = certificates.signed as [Certificate]
  const gateway = await startGateway(t, {
    servers: [address],
    path,
    plugin: { bodyLimit: 10_000_000 },
    fastify: { http2: true, https: { allowHTTP1: true, cert, key } } as object,
  })
  const session = connect(`https://${gateway.address}`, { ca: certificates.ca })
  t.after(() => session.destroy())
  await once(session, 'connect')
  return { gateway, session }
}

interface Http2Response {
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** The code with which the stream was reset; 0 where it ended. */
  readonly code: number
  readonly aborted: boolean
}

async function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body?: string,
): Promise<Http2Response> {
  const stream = session.request(headers, { endStream: body === undefined })
  if (body !== undefined) stream.end(body)
  return read(stream)
}

async function read(stream: ClientHttp2Stream): Promise<Http2Response> {
  let headers: IncomingHttpHeaders = {}
  const parts: Buffer[] = []
  stream.on('response', (head) => {
    headers = head
  })
  stream.on('data', (part: Buffer) => parts.push(part))
  stream.on('error', () => {})
  await new Promise<void>((resolve) => stream.once('close', resolve))
  return {
    headers,
    body: Buffer.concat(parts).toString(),
    code: stream.rstCode ?? 0,
    aborted: stream.aborted,
  }
}

for (const path of paths) {
  test(`GET and POST are served (${path})`, { skip }, async (t) => {
    const app = await startAppServer({ name: 'app' })
    t.after(() => app.stop())
    const { session } = await startSecure(t, path, app.address)
    const got = await ask(session, { ':path': '/echo?a=b', 'x-one': '1' })
    assert.equal(got.headers[':status'], 200)
    const echo = JSON.parse(got.body) as Echo
    assert.deepEqual([echo.method, echo.target], ['GET', '/echo?a=b'])
    const names = echo.rawHeaders.filter((_, i) => i % 2 === 0)
    assert.ok(names.every((name) => !name.startsWith(':')))
    const header = (name: string): string | undefined => {
      const at = echo.rawHeaders.findIndex((one, i) => i % 2 === 0 && one.toLowerCase() === name)
      return at < 0 ? undefined : echo.rawHeaders[at + 1]
    }
    assert.equal(header('host'), new URL(session.originSet?.[0] ?? '').host)
    assert.deepEqual([header('x-one'), header('x-forwarded-proto')], ['1', 'https'])
    for (const [headers, body] of [
      [{}, 'without a length'],
      [{ 'content-length': 13 }, 'with a length'],
      [{}, 'x'.repeat(2_000_000)],
    ] as const) {
      const posted = await ask(session, { ':method': 'POST', ':path': '/echo', ...headers }, body)
      assert.equal((JSON.parse(posted.body) as Echo).bodyBytes, body.length)
    }
  })

  test(`no field of a connection reaches the client, and cookies stay apart (${path})`, {
    skip,
  }, async (t) => {
    const { session } = await setUp(
      t,
      path,
      does.answer({
        framing: 'chunked',
        headers: {
          Connection: 'keep-alive, X-Hop',
          'Keep-Alive': 'timeout=5',
          Upgrade: 'h2c',
          'X-Hop': '1',
          'Set-Cookie': ['a=1', 'b=2'],
          'X-Upper': 'Yes',
        },
      }),
    )
    const { headers, body } = await ask(session, { ':path': '/' })
    assert.equal(body, 'ok')
    for (const name of ['connection', 'keep-alive', 'upgrade', 'transfer-encoding', 'x-hop']) {
      assert.equal(headers[name], undefined, name)
    }
    assert.deepEqual(headers['set-cookie'], ['a=1', 'b=2'])
    assert.equal(headers['x-upper'], 'Yes')
  })

  test(`HEAD, 204 and 304 are served (${path})`, { skip }, async (t) => {
    const { session } = await setUp(t, path, [
      does.answer({ body: 'hello' }),
      does.answer({ status: 204, body: '', framing: 'none' }),
      does.answer({ status: 304, body: '', length: 1234 }),
      does.answer({ status: 502, body: 'theirs' }),
    ])
    const head = await ask(session, { ':method': 'HEAD', ':path': '/' })
    assert.deepEqual([head.headers[':status'], head.headers['content-length']], [200, '5'])
    for (const status of [204, 304, 502]) {
      assert.equal((await ask(session, { ':path': '/' })).headers[':status'], status)
    }
  })

  test(`a body that breaks off is reset with an error (${path})`, { skip }, async (t) => {
    const { session } = await setUp(t, path)
    for (const [name, truncation] of Object.entries(does.truncations)) {
      const { session: own } = await setUp(t, path, () => truncation)
      const { headers, code } = await ask(own, { ':path': '/' })
      if (Number(headers[':status']) !== 502)
        assert.notEqual(code, constants.NGHTTP2_NO_ERROR, name)
    }
    assert.equal(session.destroyed, false)
  })

  test(`a client that gives a stream up ends the request, and a half upload is none (${path})`, {
    skip,
  }, async (t) => {
    const { session, server, gateway } = await setUp(t, path, () => does.hang())
    // Node's own client ends a stream in order before it resets it, so there is nothing half to see.
    const given = session.request({ ':path': '/' }).on('error', () => {})
    await until('the request', () => server.requests.length === 1)
    given.close(constants.NGHTTP2_CANCEL)
    await until('the server sees it', () => server.connections === 0)
    const half = session.request({ ':method': 'POST', ':path': '/' }).on('error', () => {})
    half.write('half')
    await until('half of it', () => server.requests[1]?.bodyBytes === 4)
    session.destroy()
    await until('the server sees it', () => server.connections === 0)
    assert.equal(server.requests[1]?.complete, false)
    assert.deepEqual([gateway.fails(), gateway.active()], [0, 0])
  })
}

/** One frame of HTTP/2 (RFC 9113, 4.1). */
function frame(type: number, flags: number, stream: number, payload = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

test('an upload that its client resets is never taken for a whole one', { skip }, async (t) => {
  const { server, gateway } = await setUp(t, 'direct', () => does.hang())
  const port = Number(gateway.address.split(':')[1])
  const codes = [constants.NGHTTP2_NO_ERROR, constants.NGHTTP2_CANCEL]
  for (const [i, code] of codes.entries()) {
    const socket = tlsConnect({
      host: '127.0.0.1',
      port,
      ca: certificates.ca,
      ALPNProtocols: ['h2'],
    })
    t.after(() => socket.destroy())
    socket.resume()
    await once(socket, 'secureConnect')
    // :method POST, :scheme https, :path /, :authority h
    const fields = Buffer.from([0x83, 0x87, 0x84, 0x41, 1, 'h'.charCodeAt(0)])
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    socket.write(Buffer.concat([frame(4, 0, 0), frame(1, 4, 1, fields)]))
    socket.write(frame(0, 0, 1, Buffer.from('half')))
    await until('half of it', () => server.requests[i]?.bodyBytes === 4)
    socket.write(frame(3, 0, 1, Buffer.from([0, 0, 0, code])))
    await until('the server sees it', () => server.connections === 0)
    assert.equal(server.requests[i]?.complete, false, `reset with ${code}`)
    socket.destroy()
  }
  assert.deepEqual([gateway.fails(), gateway.active()], [0, 0])
})

test('the head of an event stream leaves at once', { skip }, async (t) => {
  for (const path of paths) {
    const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n'
    const { session } = await setUp(t, path, does.raw(head, 'hang'))
    const stream = session.request({ ':path': '/' }).on('error', () => {})
    let status: number | undefined
    stream.on('response', (headers) => {
      status = headers[':status']
    })
    await until('the head', () => status === 200)
    stream.close()
  }
})

test('what servers do wrong is 502', { skip }, async (t) => {
  const { session } = await setUp(t, 'direct', () => does.reset())
  const { headers, body } = await ask(session, { ':path': '/' })
  assert.equal(headers[':status'], 502)
  assert.ok(!body.includes('127.0.0.1'))
})

test('HTTP/1.1 is served on the same port', { skip }, async (t) => {
  const { gateway } = await setUp(t, 'direct', does.answer({ headers: { 'X-Upper': 'Yes' } }))
  const request = httpsRequest(`https://${gateway.address}/`, {
    ca: certificates.ca,
    agent: false,
  })
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  response.resume()
  await once(response, 'end')
  assert.deepEqual([response.statusCode, response.httpVersion], [200, '1.1'])
  assert.ok(response.rawHeaders.includes('X-Upper'))
})

test('cookies that come in parts reach the server as one field', { skip }, async (t) => {
  const { session, server } = await setUp(t, 'direct', does.answer())
  const parts = { ':path': '/', cookie: ['a=1', 'b=2', 'c=3'] }
  assert.equal((await ask(session, parts as OutgoingHttpHeaders)).headers[':status'], 200)
  const cookies = server.requests[0]?.lines.filter((line) => /^cookie:/i.test(line))
  assert.deepEqual(cookies, ['cookie: a=1; b=2; c=3'])
})

test('a request with a body that asks for an upgrade over TLS is an ordinary one', {
  skip,
}, async (t) => {
  const { gateway, server } = await setUp(t, 'direct', does.answer())
  const request = httpsRequest(`https://${gateway.address}/`, {
    ca: certificates.ca,
    agent: false,
    method: 'POST',
    headers: { connection: 'Upgrade', upgrade: 'h2c', 'content-length': 4 },
  })
  request.end('body')
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  response.resume()
  assert.equal(response.statusCode, 200)
  assert.equal(server.requests[0]?.bodyBytes, 4)
})
