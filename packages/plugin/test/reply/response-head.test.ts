import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ResponseHead, readResponseHead } from '#plugin/reply/response-head.js'
import { wireHead } from '../fixtures/wire-head.js'

type Line = readonly [string, string]

const read = (
  lines: readonly Line[],
  { intercept = (_: string): boolean => false } = {},
): ResponseHead => readResponseHead(wireHead({ fields: lines.flat() }), intercept)

const fields = (...lines: readonly Line[]): readonly string[] => read(lines).headers

test('fields stay as they came, repeats and bytes included', () => {
  const lines: Line[] = [
    ['SET-Cookie', 'a=1'],
    ['x-latin', '\xe9\xff'],
    ['Set-Cookie', 'b=2'],
    ['Content-Length', '5'],
  ]
  assert.deepEqual(fields(...lines), lines.flat())
})

test("fields of the server's connection, and those that it names, go no further", () => {
  const hop = ['Keep-Alive', 'TE', 'Trailer', 'Upgrade', 'Proxy-Connection', 'Proxy-Authenticate']
  const lines = [...hop, 'Transfer-Encoding'].map((name): Line => [name, 'chunked'])
  assert.deepEqual(
    fields(
      ['Connection', 'X-A, close'],
      ...lines,
      ['x-a', '1'],
      ['CONNECTION', 'x-b'],
      ['X-B', '2'],
      ['X-C', '3'],
    ),
    ['X-C', '3'],
  )
})

test('a server cannot name its own length or cookies away', () => {
  assert.deepEqual(
    fields(
      ['Connection', 'Content-Length, Set-Cookie'],
      ['Content-Length', '1'],
      ['Set-Cookie', 'a'],
    ),
    ['Content-Length', '1', 'Set-Cookie', 'a'],
  )
})

test('an event stream is known by its type, parameters or not', () => {
  for (const [type, eventStream] of [
    ['text/event-stream', true],
    ['Text/Event-Stream; charset=utf-8', true],
    ['text/event-streams', false],
    ['text/plain', false],
  ] as const) {
    assert.equal(read([['Content-Type', type]]).eventStream, eventStream, type)
  }
})

test('what shared caches may keep, and what they may not, is told apart', () => {
  for (const [line, shared, unshared] of [
    [['Cache-Control', 'public, max-age=1'], true, false],
    [['Cache-Control', 'max-age=1, S-MaxAge=2'], true, false],
    [['Cache-Control', 'Private'], false, true],
    [['Cache-Control', 'no-store'], false, true],
    [['Cache-Control', 'private="set-cookie"'], false, false],
    [['Cache-Control', 'max-age=1'], false, false],
    [['CDN-Cache-Control', 'max-age=1'], true, false],
    [['Surrogate-Control', 'max-age=1'], true, false],
  ] as Array<[Line, boolean, boolean]>) {
    const head = read([line])
    assert.deepEqual([head.shared, head.unshared], [shared, unshared], line.join(': '))
  }
})

test('a Set-Cookie can be kept from the client', () => {
  const lines: Line[] = [
    ['Set-Cookie', 'srv=1'],
    ['Set-Cookie', 'other=2'],
  ]
  const head = read(lines, { intercept: (line) => line.startsWith('srv=') })
  assert.deepEqual(head.headers, ['Set-Cookie', 'other=2'])
})
