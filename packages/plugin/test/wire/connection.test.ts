import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type Duplex, Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { Connection } from '#plugin/wire/connection.js'
import { InvalidRequestError, InvalidResponseError } from '#plugin/wire/errors.js'
import type { WireRequest } from '#plugin/wire/request-head.js'

const GET: WireRequest = {
  method: 'GET',
  path: '/',
  headers: ['Host', 'test'],
  hasBody: false,
  upgrade: undefined,
  keepAlive: true,
}
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

interface Setup {
  readonly connection: Connection
  /** The server's end, and what has come there. */
  readonly server: { socket: Socket; received: string }
  /** How often the connection has said that it is closed. */
  readonly closed: { count: number }
}

/** A connection to a server that answers each piece of a request with `respond`. */
async function setUp(
  t: TestContext,
  respond: (socket: Socket, received: string) => void,
): Promise<Setup> {
  const listener = createServer({ noDelay: true }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  const closed = { count: 0 }
  const dial = { socket: connect({ port, host: '127.0.0.1' }), ready: 'connect' as const }
  const connection = new Connection(dial, () => {
    closed.count += 1
  })
  const [socket] = (await once(listener, 'connection')) as [Socket]
  const server = { socket, received: '' }
  socket.on('error', () => {})
  socket.on('data', (bytes) => {
    server.received += bytes.toString('latin1')
    respond(socket, server.received)
  })
  t.after(() => {
    connection.destroy()
    socket.destroy()
    listener.close()
  })
  return { connection, server, closed }
}

interface End {
  status: number | undefined
  body: string
  tunnel: Duplex | undefined
  error: Error | undefined
}

/** One request and all that came of it. */
function ask(
  connection: Connection,
  said: Partial<WireRequest> = {},
  body?: Readable,
): Promise<End> {
  const end: End = { status: undefined, body: '', tunnel: undefined, error: undefined }
  return new Promise((resolve) => {
    connection.send({ ...GET, ...said, hasBody: body !== undefined }, body, {
      onSending() {},
      onBegun() {},
      onHead: ({ status }) => {
        end.status = status
      },
      onSwitch: ({ status }, tunnel) => resolve({ ...end, status, tunnel }),
      onBody: (part) => {
        end.body += part.toString('latin1')
      },
      onComplete: () => resolve(end),
      onError: (error) => resolve({ ...end, error }),
    })
  })
}

test('one request goes after the other, over the same socket', async (t) => {
  const { connection, server } = await setUp(t, (socket) => socket.write(OK))
  for (const path of ['/a', '/b']) {
    const { status, body } = await ask(connection, { path })
    assert.deepEqual([status, body, connection.reusable], [200, 'ok', true])
  }
  assert.match(server.received, /^GET \/a HTTP\/1\.1\r\n.*GET \/b HTTP\/1\.1\r\n/s)
})

test('100, 102 and 103 come before the answer and are none', async (t) => {
  const interim = [100, 102, 103].map((status) => `HTTP/1.1 ${status} So\r\n\r\n`).join('')
  const { connection } = await setUp(t, (socket) => socket.write(interim + OK))
  assert.deepEqual((await ask(connection)).status, 200)
})

test('bytes that nobody asked for close an idle connection', async (t) => {
  const { connection, server, closed } = await setUp(t, (socket) => socket.write(OK))
  await ask(connection)
  server.socket.write(OK)
  await once(connection.socket, 'close')
  assert.deepEqual([connection.closed, connection.reusable, closed.count], [true, false, 1])
})

test('an answer with more behind it is whole, but ends its connection', async (t) => {
  const { connection } = await setUp(t, (socket) => socket.write(`${OK}HTTP/1.1 200 OK\r\n`))
  const { body, error } = await ask(connection)
  assert.deepEqual([body, error, connection.reusable], ['ok', undefined, false])
})

test('what must not be sent twice waits until a close that has come is read', async (t) => {
  const { connection, server } = await setUp(t, (socket) => socket.write(OK))
  await ask(connection)
  connection.used = true
  server.received = ''
  // Both in one turn of the loop: the close is read after the request was made.
  const closes = once(server.socket, 'end')
  const answer = ask(connection, { method: 'POST' })
  connection.socket.emit('end')
  const { error } = await answer
  assert.ok(error !== undefined)
  await closes
  assert.equal(server.received, '')
})

test('a body goes in chunks or by its length, and not a byte more or less', async (t) => {
  const whole = (received: string): boolean =>
    received.endsWith('0\r\n\r\n') || received.endsWith('abcdef')
  const { connection, server } = await setUp(t, (socket, received) => {
    if (whole(received)) socket.write(OK)
  })
  const body = (): Readable => Readable.from([Buffer.from('abc'), Buffer.from('def')])
  await ask(connection, { method: 'POST' }, body())
  assert.match(server.received, /chunked\r\n.*\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n$/s)
  await ask(connection, { method: 'POST', headers: ['Content-Length', '6'] }, body())
  assert.match(server.received, /Content-Length: 6\r\n.*\r\n\r\nabcdef$/s)
})

test('a body of another length than its head says breaks the request, not the server', async (t) => {
  for (const length of ['5', '7']) {
    const { connection } = await setUp(t, () => {})
    const body = Readable.from([Buffer.from('abcdef')])
    const { error } = await ask(
      connection,
      { method: 'PUT', headers: ['Content-Length', length] },
      body,
    )
    assert.ok(error instanceof InvalidRequestError, length)
    assert.equal(connection.closed, true)
  }
})

test('an answer before the whole body is sent ends the connection', async (t) => {
  const { connection } = await setUp(t, (socket) => socket.write(OK))
  const body = new Readable({ read() {} })
  body.push('abc')
  const { status, error } = await ask(connection, { method: 'POST' }, body)
  assert.deepEqual([status, error, connection.reusable], [200, undefined, false])
})

test('after what servers read differently no other request follows', async (t) => {
  const body = (): Readable => Readable.from([Buffer.from('abc')])
  const get = await setUp(t, (socket, received) => {
    if (received.endsWith('0\r\n\r\n')) socket.write(OK)
  })
  assert.deepEqual(
    [(await ask(get.connection, {}, body())).status, get.connection.reusable],
    [200, false],
  )
  const upgrade = await setUp(t, (socket) => socket.write(OK))
  const { status } = await ask(upgrade.connection, { upgrade: 'x' })
  assert.deepEqual([status, upgrade.connection.reusable], [200, false])
})

test('a slow server holds the body back', async (t) => {
  const { connection, server } = await setUp(t, () => {})
  server.socket.pause()
  let read = 0
  const body = new Readable({
    read() {
      read += 65_536
      this.push(read > 64 * 1024 * 1024 ? null : Buffer.alloc(65_536))
    },
  })
  const answer = ask(connection, { method: 'PUT' }, body)
  await once(body, 'pause')
  assert.ok(read < 32 * 1024 * 1024, `${read} bytes were read`)
  connection.destroy()
  assert.equal(body.destroyed, true)
  void answer
})

test('the end of the connection ends a body without a length, but cuts one that has it', async (t) => {
  const open = await setUp(t, (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nok'))
  const { body, error } = await ask(open.connection)
  assert.deepEqual([body, error, open.closed.count], ['ok', undefined, 1])
  const short = await setUp(t, (socket) =>
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok'),
  )
  assert.equal((await ask(short.connection)).error?.name, 'ConnectionClosedError')
})

test('what is no HTTP is an error, and the connection is closed', async (t) => {
  const { connection } = await setUp(t, (socket) => socket.write('SSH-2.0-x\r\n'))
  assert.ok((await ask(connection)).error instanceof InvalidResponseError)
  assert.equal(connection.closed, true)
})

test('an upgrade hands the socket over with all that came on it', async (t) => {
  const { connection, closed } = await setUp(t, (socket) =>
    socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\nfirst'),
  )
  const { status, tunnel } = await ask(connection, { upgrade: 'x' })
  assert.deepEqual([status, closed.count], [101, 1])
  const first = once(tunnel as Duplex, 'data')
  tunnel?.resume()
  const [bytes] = (await first) as [Buffer]
  assert.equal(String(bytes), 'first')
})

test('destroyed, it tells whoever waited nothing more', async (t) => {
  const { connection, server, closed } = await setUp(t, () => {})
  let told = false
  void ask(connection).then(() => {
    told = true
  })
  connection.destroy()
  await once(server.socket, 'close')
  assert.deepEqual([told, closed.count], [false, 1])
})
