import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidRequestError } from '#plugin/wire/errors.js'
import { type WireRequest, writeRequestHead } from '#plugin/wire/request-head.js'

const request = (said: Partial<WireRequest>): WireRequest => ({
  method: 'GET',
  path: '/',
  headers: ['Host', 'test'],
  hasBody: false,
  upgrade: undefined,
  keepAlive: true,
  ...said,
})

const lines = (said: Partial<WireRequest>): string[] =>
  writeRequestHead(request(said)).text.split('\r\n')

test('fields go out in their order and spelling, the connection says its own', () => {
  const headers = ['Host', 'test', 'x-B', '1', 'X-a', '\xe9', 'x-B', '']
  assert.deepEqual(lines({ path: '/a?b=%20', headers }), [
    'GET /a?b=%20 HTTP/1.1',
    ...['Host: test', 'x-B: 1', 'X-a: \xe9', 'x-B: ', 'Connection: keep-alive'],
    ...['', ''],
  ])
})

test('what concerns the connection and the framing is not taken from anybody', () => {
  const own = ['Connection', 'Keep-Alive', 'Transfer-Encoding', 'Upgrade', 'Expect']
  const headers = own.flatMap((name) => [name, 'x'])
  assert.deepEqual(lines({ headers, keepAlive: false }).slice(1), ['Connection: close', '', ''])
})

test('an upgrade is asked for by the connection', () => {
  assert.deepEqual(lines({ upgrade: 'websocket', headers: [] }).slice(1), [
    ...['Connection: upgrade', 'Upgrade: websocket', '', ''],
  ])
})

test('a body goes by its length, else in chunks; to have none is said where one is expected', () => {
  const length = ['content-length', '012']
  for (const [said, line, size] of [
    [{ method: 'POST', hasBody: true, headers: length }, 'Content-Length: 12', 12],
    [{ method: 'POST', hasBody: true, headers: [...length, ...length] }, 'Content-Length: 12', 12],
    [{ method: 'POST', hasBody: true, headers: [] }, 'Transfer-Encoding: chunked', undefined],
    [{ method: 'POST', headers: length }, 'Content-Length: 0', undefined],
    [{ method: 'PROPFIND', headers: [] }, 'Content-Length: 0', undefined],
    [{ method: 'GET', headers: length }, 'Connection: keep-alive', undefined],
  ] as const) {
    assert.equal(lines(said)[1], line, JSON.stringify(said))
    assert.equal(writeRequestHead(request(said)).length, size, JSON.stringify(said))
  }
})

test('nothing goes out that would end a line early or frame the body wrongly', () => {
  for (const said of [
    { path: '/a b' },
    { path: '/a\r\nX: 1' },
    { path: '/\u0100' },
    { headers: ['X-A', '1\r\nX-B: 2'] },
    { headers: ['X-A', '1\n'] },
    { headers: ['X-A', '\0'] },
    // Cut to a byte it is a carriage return.
    { headers: ['X-A', '\u010d\u010aX-B: 2'] },
    { headers: ['X A', '1'] },
    { headers: ['', '1'] },
    { headers: ['X-A:', '1'] },
    { upgrade: 'a\r\nb' },
    { hasBody: true, headers: ['Content-Length', '1x'] },
    { hasBody: true, headers: ['Content-Length', '1', 'Content-Length', '2'] },
  ]) {
    assert.throws(() => writeRequestHead(request(said)), InvalidRequestError, JSON.stringify(said))
  }
})
