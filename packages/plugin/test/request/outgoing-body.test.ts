import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import type { FastifyRequest } from 'fastify'
import { clientBody, describeReplaced, routeBody } from '#plugin/request/outgoing-body.js'

const requestWith = (
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): FastifyRequest =>
  ({ body, headers, raw: { httpVersionMajor: 1, headers } }) as unknown as FastifyRequest

async function textOf(request: FastifyRequest): Promise<string | undefined> {
  const body = routeBody(request)
  if (body === undefined) return undefined
  const parts: Buffer[] = []
  for await (const part of body.source as AsyncIterable<Buffer>) parts.push(part)
  const text = Buffer.concat(parts)
  if (body.replaced !== undefined) assert.equal(body.replaced.length, text.length)
  return text.toString()
}

test('a request has a body where it says so, whatever its method', () => {
  assert.equal(clientBody(requestWith(undefined)), undefined)
  assert.equal(clientBody(requestWith(undefined, { 'content-length': '0' })), undefined)
  assert.ok(clientBody(requestWith(undefined, { 'content-length': '1' })))
  assert.ok(clientBody(requestWith(undefined, { 'transfer-encoding': 'chunked' })))
})

test('the stream of the request is its own body, another one is of a length nobody knows', () => {
  const stream = Readable.from(['x'])
  const own = { body: stream, raw: stream, headers: {} } as unknown as FastifyRequest
  assert.deepEqual(clientBody(own), { source: stream, replaced: undefined })
  assert.deepEqual(clientBody(requestWith(stream)), {
    source: stream,
    replaced: { length: undefined, decoded: false },
  })
})

test('what a route took in goes on: bytes and text as they are, JSON written again', async () => {
  assert.equal(await textOf(requestWith(Buffer.from('bytes'))), 'bytes')
  assert.equal(await textOf(requestWith('t\u00e4xt')), 't\u00e4xt')
  const json = { 'content-type': 'application/problem+json; charset=utf-8' }
  assert.equal(await textOf(requestWith({ a: [1] }, json)), '{"a":[1]}')
  assert.equal(await textOf(requestWith([1], { 'content-type': 'application/json' })), '[1]')
  assert.equal(await textOf(requestWith(null, json)), 'null')
  assert.equal(await textOf(requestWith(undefined)), undefined)
})

test('anything else that was parsed cannot go on', () => {
  assert.throws(
    () => routeBody(requestWith({ a: 1 }, { 'content-type': 'application/x-www-form-urlencoded' })),
    { code: 'HOLDFAST_BODY_CONSUMED' },
  )
  assert.throws(() => routeBody(requestWith({ a: 1 })), { code: 'HOLDFAST_BODY_CONSUMED' })
})

test('a replaced body is described by its own length, and its type stays', () => {
  const fields = [
    'Host',
    'h',
    'content-length',
    '9',
    'Content-Type',
    'x/y',
    'Content-Encoding',
    'gzip',
  ]
  assert.deepEqual(describeReplaced(fields, { length: 4, decoded: true }), [
    ...['Host', 'h', 'Content-Type', 'x/y'],
    ...['Content-Length', '4'],
  ])
  const unknown = { length: undefined, decoded: false }
  assert.deepEqual(describeReplaced(fields, unknown), [
    ...['Host', 'h', 'Content-Type', 'x/y'],
    ...['Content-Encoding', 'gzip'],
  ])
})
