/** Clients that mean harm, or send whatever comes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as does from '#fixtures/behaviour.js'
import { startFaultServer } from '#fixtures/fault-server.js'
import { startGateway } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { connectRaw, exchange, get, post } from '#fixtures/raw-client.js'

failOnLeaks()

const KEY = '0123456789abcdef0123456789abcdef'

/** Runs the work of a list, some at a time. */
async function inParallel<T>(list: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = list.values()
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item)
  }
  await Promise.all(Array.from({ length: 16 }, worker))
}

/** Sends all of it and nothing more, and waits for the end. */
async function say(address: string, bytes: Buffer): Promise<readonly number[]> {
  const client = await connectRaw(address)
  try {
    client.send(bytes)
    client.end()
    await client.closed(3_000).catch((cause) => {
      throw new Error(`no end after ${JSON.stringify(bytes.toString('latin1'))}`, { cause })
    })
    return client.responses.map(({ status }) => status)
  } finally {
    await client.close()
  }
}

const MUTANTS: ReadonlyArray<(byte: string) => string> = [
  (b) => `${b}Transfer-Encoding: chunked`,
  (b) => `Transfer${b}-Encoding: chunked`,
  (b) => `Transfer-${b}Encoding: chunked`,
  (b) => `Transfer-Encoding${b}: chunked`,
  (b) => `Transfer-Encoding:${b}chunked`,
  (b) => `Transfer-Encoding: ${b}chunked`,
  (b) => `Transfer-Encoding: chun${b}ked`,
  (b) => `Transfer-Encoding: chunked${b}`,
  (b) => `X: y${b}Transfer-Encoding: chunked`,
  (b) => `X: y\r\n${b}\r\nTransfer-Encoding: chunked`,
]
const BYTES = Array.from({ length: 256 }, (_, i) => i)
  .filter((byte) => byte < 0x20 || byte >= 0x7f)
  .map((byte) => String.fromCharCode(byte))

test('no mutation of Transfer-Encoding smuggles a request, or goes on with two framings', async (t) => {
  const server = await startFaultServer()
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [server.address] })
  const hidden = 'GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n'
  const asChunks = `0\r\n\r\n${hidden}`
  const cases = MUTANTS.flatMap((mutant) =>
    BYTES.flatMap((byte) => [
      `Content-Length: ${asChunks.length}\r\n${mutant(byte)}`,
      `${mutant(byte)}\r\nContent-Length: ${asChunks.length}`,
    ]),
  )
  const statuses = new Set<number>()
  await inParallel(cases, async (lines) => {
    const request = `POST /front HTTP/1.1\r\nHost: test\r\n${lines}\r\n\r\n${asChunks}`
    for (const status of await say(gateway.address, Buffer.from(request, 'latin1'))) {
      statuses.add(status)
    }
  })
  assert.equal(cases.length, 10 * 161 * 2)
  assert.deepEqual(
    server.requests.filter(({ target }) => target !== '/front'),
    [],
  )
  for (const request of server.requests) {
    const lengths = request.lines.filter((line) => /^content-length:/i.test(line))
    const encodings = request.lines.filter((line) => /^[^:]*transfer.{0,2}encoding/i.test(line))
    assert.ok(lengths.length + encodings.length <= 1, request.lines.join('\n'))
    assert.equal(request.bodyBytes, asChunks.length)
  }
  for (const status of statuses) assert.ok(status === 200 || status === 400, String(status))
})

const SEEDS = [
  get('/'),
  get('/a?b=c', 'Cookie: srv=abc; a=b', 'X-Forwarded-For: 1.2.3.4'),
  post('/', 'hello', 'Content-Type: application/json'),
  'POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'GET http://test/ HTTP/1.0\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n',
  get('/', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'),
]

const edit = fc.record({
  at: fc.nat(200),
  remove: fc.nat(4),
  insert: fc.uint8Array({ maxLength: 4 }),
})
const mutant = fc
  .tuple(fc.constantFrom(...SEEDS), fc.array(edit, { minLength: 1, maxLength: 4 }))
  .map(([seed, edits]) => {
    let bytes = Buffer.from(seed, 'latin1')
    for (const { at, remove, insert } of edits) {
      const from = Math.min(at, bytes.length)
      bytes = Buffer.concat([bytes.subarray(0, from), insert, bytes.subarray(from + remove)])
    }
    return bytes
  })
const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))

test('whatever bytes come, there is no 5xx, no crash, and the next request is served', async (t) => {
  const server = await startFaultServer()
  t.after(() => server.close())
  const gateway = await startGateway(t, {
    servers: [server.address],
    upstream: { sticky: { cookie: 'srv', keys: [KEY] } },
    fastify: { keepAliveTimeout: 20 },
  })
  await fc.assert(
    fc.asyncProperty(fc.oneof(noise, mutant, mutant, mutant), async (bytes) => {
      for (const status of await say(gateway.address, bytes)) {
        assert.ok(status < 500 || status === 501 || status === 505, String(status))
      }
    }),
    { numRuns: 500 },
  )
  assert.equal((await exchange(gateway.address, get('/'))).status, 200)
  assert.equal(gateway.active(), 0)
})

test('a cookie bomb is 431, or read in linear time', async (t) => {
  const server = await startFaultServer({ script: () => does.answer() })
  t.after(() => server.close())
  const gateway = await startGateway(t, {
    servers: [server.address],
    upstream: { sticky: { cookie: 'srv', keys: [KEY] } },
  })
  const timed = async (cookie: string): Promise<{ status: number; tookMs: number }> => {
    const started = performance.now()
    const { status } = await exchange(gateway.address, get('/', `Cookie: ${cookie}`))
    return { status, tookMs: performance.now() - started }
  }
  await timed('a=b')
  const value = 'A'.repeat(78)
  const bombs = [
    'a=;'.repeat(3_000),
    `srv=${'A'.repeat(15_000)}`,
    `srv=${value};`.repeat(180),
    `${'srv='.repeat(3_000)}`,
    ';'.repeat(12_000),
    ' '.repeat(12_000),
    '"'.repeat(12_000),
  ]
  for (const bomb of bombs) {
    const runs = [await timed(bomb), await timed(bomb), await timed(bomb)]
    assert.ok(
      runs.every(({ status }) => status === 200),
      bomb.slice(0, 20),
    )
    const tookMs = Math.min(...runs.map((run) => run.tookMs))
    assert.ok(tookMs < 60, `${tookMs} ms for ${bomb.slice(0, 20)}`)
  }
  assert.equal((await timed('A'.repeat(17_000))).status, 431)
  assert.equal((await timed(`a=${'b'.repeat(100)}; `.repeat(200))).status, 431)
})
