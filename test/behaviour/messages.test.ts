/** What arrives of a message on the other side: bodies, fields, forwarding, statuses. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { type Echo, startAppServer } from '#fixtures/app-server.js'
import * as does from '#fixtures/behaviour.js'
import { startFaultServer } from '#fixtures/fault-server.js'
import { startGateway, testBothPaths } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { connectRaw, exchange, get, post } from '#fixtures/raw-client.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

const MB = 1024 * 1024
const LATIN1 = Array.from({ length: 128 }, (_, i) => String.fromCharCode(0x80 + i)).join('')

testBothPaths(
  'large bodies arrive whole both ways, with a length and in chunks',
  async (t, path) => {
    const app = await startAppServer({ name: 'app' })
    t.after(() => app.stop())
    const bytes = randomBytes(12 * MB)
    const down = await startFaultServer({
      script: ({ target }) =>
        does.answer({ body: bytes, framing: target === '/chunked' ? 'chunked' : 'length' }),
    })
    t.after(() => down.close())
    const hash = createHash('sha256').update(bytes).digest('hex')
    const limit = { bodyLimit: 20 * MB }
    const up = await startGateway(t, { servers: [app.address], path, plugin: limit })
    for (const framing of [`Content-Length: ${bytes.length}`, 'Transfer-Encoding: chunked']) {
      const client = await connectRaw(up.address)
      client.send(`POST /echo HTTP/1.1\r\nHost: test\r\n${framing}\r\n\r\n`)
      if (framing.startsWith('Content')) client.send(bytes)
      else {
        client.send(`${bytes.length.toString(16)}\r\n`)
        client.send(bytes)
        client.send('\r\n0\r\n\r\n')
      }
      const echo = JSON.parse((await client.response('POST', 10_000)).body.toString()) as Echo
      assert.deepEqual([echo.bodyBytes, echo.bodyHash], [bytes.length, hash], framing)
      await client.close()
    }
    const gateway = await startGateway(t, { servers: [down.address], path })
    for (const target of ['/length', '/chunked']) {
      const client = await connectRaw(gateway.address)
      t.after(() => client.close())
      client.send(get(target))
      await until('all of it', () => client.receivedBytes >= bytes.length + 100, {
        deadlineMs: 10_000,
        everyMs: 100,
      })
      const response = await client.response('GET', 10_000)
      assert.ok(response.body.equals(bytes), target)
    }
  },
)

test('a body goes with any method, with or without a type', async (t) => {
  const app = await startAppServer({ name: 'app' })
  t.after(() => app.stop())
  const gateway = await startGateway(t, { servers: [app.address] })
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    for (const type of ['', 'Content-Type: application/json\r\n', 'Content-Type: x/y; z\r\n']) {
      for (const [framing, body] of [
        ['Content-Length: 3', '{"a'],
        ['Transfer-Encoding: chunked', '3\r\n{"a\r\n0\r\n\r\n'],
        ['Content-Length: 0', ''],
      ] as const) {
        const request = `${method} /echo HTTP/1.1\r\nHost: test\r\n${type}${framing}\r\n\r\n${body}`
        const response = await exchange(gateway.address, request)
        assert.equal(response.status, 200, `${request}: ${response.body}`)
        const echo = JSON.parse(response.body.toString()) as Echo
        assert.deepEqual([echo.method, echo.bodyBytes], [method, body === '' ? 0 : 3], request)
      }
    }
  }
})

test("a request's fields keep their order, their case, their repeats and their bytes", async (t) => {
  const server = await startFaultServer()
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [server.address] })
  const lines = [
    'X-One: 1',
    'x-TWO: a  b',
    'Cookie: a=1; b=2',
    'X-One: 2',
    'Accept: */*',
    `X-Latin: ${LATIN1}`,
    'X-Empty:',
    'Authorization: Basic eDp5',
  ]
  assert.equal((await exchange(gateway.address, get('/', ...lines))).status, 200)
  const received = server.requests[0]?.lines.map((line) => line.trimEnd()) ?? []
  const ours = /^(host|connection|x-forwarded-.*|x-real-ip):/i
  assert.deepEqual(
    received.filter((line) => !ours.test(line)),
    lines,
  )
})

test("an answer's fields keep their order, their case, their repeats and their bytes", async (t) => {
  const server = await startFaultServer({
    script: does.answer({
      reason: 'Ver\xc3\xa4ndert',
      headers: {
        'SET-cookie': ['a=1; Path=/', 'b=2', 'a=3; HttpOnly'],
        'X-Latin': LATIN1,
        'x-ODD': 'a  b',
        Vary: ['Accept', 'Origin'],
        Date: 'Thu, 01 Jan 1970 00:00:00 GMT',
        Server: 'theirs',
      },
    }),
  })
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [server.address] })
  const { head } = await exchange(gateway.address, get('/'))
  assert.deepEqual(head.lines.slice(0, 9), [
    'SET-cookie: a=1; Path=/',
    'SET-cookie: b=2',
    'SET-cookie: a=3; HttpOnly',
    `X-Latin: ${LATIN1}`,
    'x-ODD: a  b',
    'Vary: Accept',
    'Vary: Origin',
    'Date: Thu, 01 Jan 1970 00:00:00 GMT',
    'Server: theirs',
  ])
  assert.equal(head.lines.filter((line) => /^date:/i.test(line)).length, 1)
  const hooked = await startGateway(t, { servers: [server.address], path: 'hooked' })
  const response = await exchange(hooked.address, get('/'))
  assert.deepEqual(response.headers('set-cookie'), ['a=1; Path=/', 'b=2', 'a=3; HttpOnly'])
  assert.deepEqual(response.headers('vary'), ['Accept', 'Origin'])
  assert.equal(response.header('x-latin'), LATIN1)
})

test('a reason phrase goes byte for byte', async (t) => {
  const server = await startFaultServer()
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [server.address] })
  for (const reason of ['Fine', '', 'a  b', 'Ver\u00e4ndert']) {
    server.behave(
      does.raw(Buffer.from(`HTTP/1.1 200 ${reason}\r\nContent-Length: 0\r\n\r\n`, 'utf8')),
    )
    const { head } = await exchange(gateway.address, get('/'))
    assert.equal(Buffer.from(head.startLine, 'latin1').toString('utf8'), `HTTP/1.1 200 ${reason}`)
  }
})

testBothPaths('headers that hooks set before go out too, and cookies add up', async (t, path) => {
  const server = await startFaultServer({
    script: does.answer({ headers: { 'Set-Cookie': 'server=1', 'X-Both': 'server' } }),
  })
  t.after(() => server.close())
  const gateway = await startGateway(t, {
    servers: [server.address],
    path,
    prepare: (app) => {
      app.addHook('onRequest', async (_request, reply) => {
        reply.header('x-hook', 'hook')
        reply.header('x-both', 'hook')
        reply.header('set-cookie', 'hook=1')
      })
    },
  })
  const response = await exchange(gateway.address, get('/'))
  assert.equal(response.header('x-hook'), 'hook')
  assert.equal(response.header('x-both'), 'server')
  assert.deepEqual(response.headers('set-cookie').toSorted(), ['hook=1', 'server=1'])
})

testBothPaths('every status goes through, with the body it may have', async (t, path) => {
  const server = await startFaultServer()
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [server.address], path })
  const client = await connectRaw(gateway.address)
  t.after(() => client.close())
  for (const status of [
    200, 201, 203, 204, 205, 206, 207, 226, 300, 301, 304, 307, 400, 401, 404, 410, 418, 421, 429,
    451, 499, 500, 502, 503, 504, 511, 599,
  ]) {
    const bodiless = status === 204 || status === 304
    server.behave(
      does.answer({ status, body: bodiless ? '' : 'ok', framing: bodiless ? 'none' : 'length' }),
    )
    client.send(get('/'))
    const response = await client.response()
    assert.deepEqual([response.status, response.body.toString()], [status, bodiless ? '' : 'ok'])
  }
  assert.equal(server.accepted, 1)
})

testBothPaths('interim answers are not the answer, and are not passed on', async (t, path) => {
  const server = await startFaultServer({
    script: () => does.answer({ interim: [100, 102, 103, 103], body: 'the answer' }),
  })
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [server.address], path })
  const client = await connectRaw(gateway.address)
  t.after(() => client.close())
  for (let i = 0; i < 3; i += 1) {
    client.send(get('/'))
    const response = await client.response()
    assert.deepEqual([response.status, response.body.toString()], [200, 'the answer'])
  }
  assert.deepEqual(
    client.responses.map(({ status }) => status),
    [200, 200, 200],
  )
  assert.equal(server.accepted, 1)
})

testBothPaths('trailers end where they are: the body is whole without them', async (t, path) => {
  const server = await startFaultServer({
    script: () => ({
      ...does.answer(),
      steps: [
        {
          part: 'head',
          send: Buffer.from(
            'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n',
          ),
        },
      ],
    }),
  })
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [server.address], path })
  const head =
    'POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n'
  const response = await exchange(gateway.address, `${head}2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n`)
  assert.deepEqual([response.body.toString(), response.complete], ['ok', true])
  assert.equal(response.header('trailer'), undefined)
  const [request] = server.requests
  assert.deepEqual([request?.bodyBytes, request?.header('trailer')], [2, undefined])
})

testBothPaths(
  'a client of HTTP/1.0 is served, and sees the end of a body of any kind',
  async (t, path) => {
    const server = await startFaultServer()
    t.after(() => server.close())
    const gateway = await startGateway(t, { servers: [server.address], path })
    for (const framing of ['length', 'chunked', 'close'] as const) {
      server.behave(does.answer({ framing, body: ['two ', 'parts'] }))
      for (const host of ['', 'Host: test\r\n']) {
        const client = await connectRaw(gateway.address)
        client.send(`GET / HTTP/1.0\r\n${host}\r\n`)
        assert.equal(await client.closed(), 'end')
        const [response] = client.responses
        assert.equal(response?.body.toString(), 'two parts', framing)
        assert.equal(response?.header('transfer-encoding'), undefined)
        await client.close()
      }
    }
    assert.ok(
      server.requests.every((request) => /^(test|localhost)$/.test(request.header('host') ?? '')),
    )
  },
)

testBothPaths('requests on one connection are answered in turn', async (t, path) => {
  const server = await startFaultServer({
    script: ({ target }) => does.later(target === '/0' ? 30 : 0, does.answer({ body: target })),
  })
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [server.address], path })
  const client = await connectRaw(gateway.address)
  t.after(() => client.close())
  client.send(get('/0') + post('/1', 'body') + get('/2'))
  for (const target of ['/0', '/1', '/2']) {
    assert.equal((await client.response()).body.toString(), target)
  }
})

const FORWARDING = [
  'X-Forwarded-For: 6.6.6.6',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: shop.example',
  'X-Real-IP: 6.6.6.6',
  'Forwarded: for=6.6.6.6',
]
const forwarded = (header: (name: string) => string | undefined): Array<string | undefined> =>
  ['x-forwarded-for', 'x-real-ip', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded'].map(header)

test('nothing that an untrusted peer says about itself is passed on', async (t) => {
  const server = await startFaultServer()
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [server.address] })
  const spoofs = [
    FORWARDING,
    [...FORWARDING, ...FORWARDING],
    FORWARDING.map((line) => line.toUpperCase()),
    ['Connection: X-Forwarded-For, X-Real-IP, X-Forwarded-Proto, X-Forwarded-Host', ...FORWARDING],
    ['Connection: close, x-forwarded-for', 'connection: x-real-ip', ...FORWARDING],
  ]
  for (const lines of spoofs) {
    await exchange(gateway.address, get('/', ...lines))
    const request = server.requests.at(-1)
    assert.ok(request)
    assert.deepEqual(
      forwarded((name) => request.header(name)),
      ['127.0.0.1', '127.0.0.1', 'http', 'test', undefined],
      lines.join(),
    )
  }
})

test("a trusted peer's word is passed on, with its own address appended once", async (t) => {
  const server = await startFaultServer()
  t.after(() => server.close())
  const gateway = await startGateway(t, {
    servers: [server.address],
    fastify: { trustProxy: ['127.0.0.1', '10.0.0.1'] },
  })
  const ask = async (...lines: string[]): Promise<Array<string | undefined>> => {
    await exchange(gateway.address, get('/', ...lines))
    const request = server.requests.at(-1)
    return forwarded((name) => request?.header(name))
  }
  assert.deepEqual(await ask(...FORWARDING), [
    '6.6.6.6, 127.0.0.1',
    '6.6.6.6',
    'https',
    'shop.example',
    'for=6.6.6.6',
  ])
  // The client's own spoof stands first, and is not believed.
  assert.deepEqual((await ask('X-Forwarded-For: 1.1.1.1, 6.6.6.6, 10.0.0.1')).slice(0, 2), [
    '1.1.1.1, 6.6.6.6, 10.0.0.1, 127.0.0.1',
    '6.6.6.6',
  ])
  assert.deepEqual(
    (await ask('X-Forwarded-For: 1.1.1.1', 'X-Forwarded-For: 6.6.6.6')).slice(0, 2),
    ['1.1.1.1, 6.6.6.6, 127.0.0.1', '6.6.6.6'],
  )
  // What is no address is not the client's.
  assert.deepEqual((await ask('X-Forwarded-For: unknown')).slice(0, 2), [
    'unknown, 127.0.0.1',
    '127.0.0.1',
  ])
  assert.deepEqual((await ask('X-Forwarded-For: ::ffff:6.6.6.6')).slice(0, 2), [
    '::ffff:6.6.6.6, 127.0.0.1',
    '6.6.6.6',
  ])
  assert.deepEqual((await ask()).slice(0, 4), ['127.0.0.1', '127.0.0.1', 'http', 'test'])
})

for (const [host, expected] of [
  ['$host', 'test'],
  ['$proxy_host', undefined],
  ['fixed.example', 'fixed.example'],
] as const) {
  test(`with host ${host} the server is asked by that name`, async (t) => {
    const server = await startFaultServer()
    t.after(() => server.close())
    const gateway = await startGateway(t, { servers: [server.address], upstream: { host } })
    await exchange(gateway.address, get('/'))
    assert.equal(server.requests[0]?.header('host'), expected ?? server.address)
  })
}

testBothPaths('an event stream arrives event by event', async (t, path) => {
  let write = (_: string): void => {}
  const server = await startFaultServer({
    script: {
      ...does.answer(),
      steps: (function* steps() {
        yield {
          part: 'head' as const,
          send: Buffer.from('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n'),
        }
        for (let i = 0; i < 5; i += 1) {
          const asked = new Promise<string>((resolve) => {
            write = resolve
          })
          yield { wait: asked }
          yield { part: 'body' as const, send: Buffer.from(`data: ${i}\n\n`) }
        }
      })() as unknown as readonly does.Step[],
      ending: 'end',
    },
  })
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [server.address], path })
  const client = await connectRaw(gateway.address)
  t.after(() => client.close())
  client.send(get('/'))
  await until('the head', () => client.received.includes('\r\n\r\n'))
  for (let i = 0; i < 5; i += 1) {
    assert.ok(!client.received.includes(`data: ${i}`))
    write('')
    await until(`event ${i}`, () => client.received.includes(`data: ${i}`), { deadlineMs: 500 })
  }
  assert.ok((await client.response()).complete)
})
