import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { InvalidResponseError } from '#plugin/wire/errors.js'
import { readWireHead, type WireHead } from '#plugin/wire/response-head.js'

const read = (lines: string, method = 'GET'): WireHead => readWireHead(lines, method)

test('a head is read byte for byte, but for the white space around values', () => {
  const { status, reason, fields } = read(
    'HTTP/1.1 299 Sch\xf6n\tund gut\r\nX-a:1\r\nx-A: \t2 3 \t\r\nEmpty:\r\nX-Latin: \xe9',
  )
  assert.deepEqual([status, reason], [299, 'Sch\xf6n\tund gut'])
  assert.deepEqual(fields, ['X-a', '1', 'x-A', '2 3', 'Empty', '', 'X-Latin', '\xe9'])
})

test('a reason phrase may be empty or missing', () => {
  for (const line of ['HTTP/1.1 200', 'HTTP/1.1 200 ']) assert.equal(read(line).reason, '')
})

/** Refused here and by Node's own client. */
const WRONG: readonly string[] = [
  'SSH-2.0-x',
  'http/1.1 200 OK',
  'HTTP/1.2 200 OK',
  'HTTP/1.1  200 OK',
  'HTTP/1.1 20 OK',
  'HTTP/1.1 2000 OK',
  'HTTP/1.1 2x0 OK',
  'HTTP/1.1 200 OK\r\nNo colon',
  'HTTP/1.1 200 OK\r\n: no name',
  'HTTP/1.1 200 OK\r\nX A: gap',
  'HTTP/1.1 200 OK\r\nX-A : before the colon',
  'HTTP/1.1 200 OK\r\nX-A: 1\r\n folded',
  'HTTP/1.1 200 OK\r\nX-A: 1\rX-B: 2',
  'HTTP/1.1 200 OK\r\nX-A: \x01',
  'HTTP/1.1 200 OK\r\nX-A: \x7f',
  'HTTP/1.1 200 OK\r\nX\xe9: 1',
  'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2',
  'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked',
  'HTTP/1.1 200 OK\r\nContent-Length: -1',
  'HTTP/1.1 200 OK\r\nContent-Length: +1',
  'HTTP/1.1 200 OK\r\nContent-Length: 1x',
  'HTTP/1.1 200 OK\r\nContent-Length: 0x1',
]

/** Refused here although Node's client takes some of it: two readers may read it differently. */
const AMBIGUOUS: readonly string[] = [
  'HTTP/2.0 200 OK',
  'HTTP/1.1 099 Before',
  'HTTP/1.1 200 O\0K',
  'HTTP/1.1 200 OK\nX-A: bare line feeds',
  'HTTP/1.1 200 OK\r\nX-A: 1\nX-B: 2',
  'HTTP/1.1 200 OK\r\nContent-Length: 1\r\ncontent-length: 1',
  'HTTP/1.1 200 OK\r\nContent-Length: 1, 1',
  'HTTP/1.1 200 OK\r\nContent-Length:',
  'HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked',
]

test('what is no HTTP/1 head, or can be read in two ways, is refused', () => {
  for (const head of [...WRONG, ...AMBIGUOUS]) {
    assert.throws(() => read(head), InvalidResponseError, JSON.stringify(head))
  }
})

test("Node's own client refuses what is plainly wrong as well", async (t) => {
  let answer = ''
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(`${answer}\r\n\r\n`, 'latin1'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const nodeTakes = async (): Promise<boolean> =>
    await new Promise((resolve) => {
      get({ port, host: '127.0.0.1', agent: false }, (response) => {
        response.on('error', () => {}).resume()
        resolve(true)
      }).on('error', () => resolve(false))
    })
  for (const head of WRONG) {
    answer = head
    assert.equal(await nodeTakes(), false, JSON.stringify(head))
  }
  answer = 'HTTP/1.1 200 OK\r\nX-A: 1'
  assert.equal(await nodeTakes(), true)
})

test('what ends the body follows from status, method and fields', () => {
  const chunks = 'Transfer-Encoding: Chunked'
  const length = 'Content-Length: 0012'
  for (const [line, field, method, framing, size] of [
    ['HTTP/1.1 200 OK', length, 'GET', 'length', 12],
    ['HTTP/1.1 200 OK', chunks, 'GET', 'chunked', 0],
    ['HTTP/1.0 200 OK', chunks, 'GET', 'chunked', 0],
    ['HTTP/1.1 200 OK', 'X-A: 1', 'GET', 'close', 0],
    ['HTTP/1.1 200 OK', length, 'HEAD', 'none', 0],
    ['HTTP/1.1 304 Not Modified', length, 'GET', 'none', 0],
    ['HTTP/1.1 204 No Content', chunks, 'GET', 'none', 0],
    ['HTTP/1.1 103 Early Hints', 'X-A: 1', 'GET', 'none', 0],
  ] as const) {
    const head = read(`${line}\r\n${field}`, method)
    assert.deepEqual([head.framing, head.length], [framing, size], `${method}: ${line}, ${field}`)
  }
})

test('a connection is kept where both the version and the fields allow it', () => {
  for (const [version, fields, keepAlive] of [
    ['1.1', '', true],
    ['1.1', 'Connection: keep-alive', true],
    ['1.1', 'Connection: x', true],
    ['1.1', 'Connection: Close', false],
    ['1.1', 'Connection: Keep-Alive, Close', false],
    ['1.1', 'Connection: close\r\nConnection: keep-alive', false],
    ['1.0', '', false],
    ['1.0', 'Connection: Keep-Alive', true],
    ['1.0', 'Connection: keep-alive\r\nTransfer-Encoding: chunked', false],
  ] as const) {
    const length = fields.includes('chunked') ? '' : 'Content-Length: 0\r\n'
    const head = read(`HTTP/${version} 200 OK\r\n${length}${fields}`.replace(/\r\n$/, ''))
    assert.equal(head.keepAlive, keepAlive, `HTTP/${version} ${fields}`)
  }
  assert.equal(read('HTTP/1.1 200 OK').keepAlive, false, 'its end is the end of the body')
})

test('a server says how long it keeps an idle connection', () => {
  for (const [value, idleMs] of [
    ['timeout=5', 5_000],
    ['timeout=5, max=100', 5_000],
    ['max=100, Timeout=7', 7_000],
    ['max=100', undefined],
    ['xtimeout=5', undefined],
    ['timeout=', undefined],
  ] as const) {
    assert.equal(read(`HTTP/1.1 200 OK\r\nKeep-Alive: ${value}`).idleMs, idleMs, value)
  }
})
