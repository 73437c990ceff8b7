/**
 * What the usual proxies for Fastify get wrong, one test each; the numbers are in the titles. Those
 * from 12 on are in transport-2.test.ts.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as does from '#fixtures/behaviour.js'
import { type FaultServer, type Script, startFaultServer } from '#fixtures/fault-server.js'
import { startGateway, testBothPaths } from '#fixtures/gateway.js'
import { junk } from '#fixtures/junk.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { REFUSED } from '#fixtures/ports.js'
import { connectRaw, exchange, get, post } from '#fixtures/raw-client.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

type Hooks = { after(run: () => Promise<void>): void }

async function faultServer(t: Hooks, script?: Script): Promise<FaultServer> {
  const server = await startFaultServer(script === undefined ? {} : { script })
  t.after(() => server.close())
  return server
}

testBothPaths(
  '1. a client that leaves before the head takes the server with it',
  async (t, path) => {
    const server = await faultServer(t, does.hang())
    const gateway = await startGateway(t, { servers: [server.address], path })
    const client = await connectRaw(gateway.address)
    client.send(get('/'))
    await until('the request', () => server.requests[0])
    client.abort()
    await until('the server sees it', () => server.connections === 0)
    assert.equal(gateway.fails(), 0)
    assert.equal(gateway.active(), 0)
  },
)

testBothPaths("2. what is for the server's connection only stays there", async (t, path) => {
  const server = await faultServer(
    t,
    does.answer({
      headers: {
        Connection: 'keep-alive, X-Hop',
        'Keep-Alive': 'timeout=5',
        'Proxy-Authenticate': 'Basic',
        'Proxy-Connection': 'keep-alive',
        Upgrade: 'h2c',
        'X-Hop': '1',
        'X-End': '2',
      },
    }),
  )
  const gateway = await startGateway(t, { servers: [server.address], path })
  const response = await exchange(gateway.address, get('/'))
  assert.equal(response.status, 200)
  for (const name of ['proxy-authenticate', 'proxy-connection', 'upgrade', 'x-hop']) {
    assert.equal(response.header(name), undefined, name)
  }
  // Node's own, and not the server's.
  assert.notEqual(response.header('keep-alive'), 'timeout=5')
  assert.equal(response.header('x-end'), '2')
  assert.equal(response.body.toString(), 'ok')
})

testBothPaths('2. a client that wants its connection closed gets it closed', async (t, path) => {
  const server = await faultServer(t, does.answer({ headers: { Connection: 'keep-alive' } }))
  const gateway = await startGateway(t, { servers: [server.address], path })
  for (const request of [get('/', 'Connection: close'), 'GET / HTTP/1.0\r\nHost: test\r\n\r\n']) {
    const client = await connectRaw(gateway.address)
    client.send(request)
    assert.equal((await client.response()).header('connection'), 'close')
    assert.equal(await client.closed(), 'end')
    await client.close()
  }
})

testBothPaths(
  '3. Expect, Keep-Alive, a lone Upgrade and an absolute target are served',
  async (t, path) => {
    const server = await faultServer(t)
    const gateway = await startGateway(t, { servers: [server.address], path })
    const requests = [
      post('/', 'body', 'Expect: 100-continue'),
      get('/', 'Keep-Alive: timeout=5'),
      get('/', 'Upgrade: h2c'),
      get('http://other.example:81/p?q'),
      post('/', 'body', 'Upgrade: websocket', 'Keep-Alive: 300'),
    ]
    for (const request of requests) {
      assert.equal((await exchange(gateway.address, request)).status, 200, request)
    }
    for (const request of server.requests) {
      for (const name of ['expect', 'keep-alive', 'upgrade', 'transfer-encoding']) {
        assert.equal(request.header(name), undefined, `${name} ${request.target}`)
      }
    }
    const absolute = server.requests[3]
    assert.deepEqual([absolute?.target, absolute?.header('host')], ['/p?q', 'other.example:81'])
  },
)

testBothPaths('3. a 304 keeps its Content-Length, and a 204 has no body', async (t, path) => {
  const server = await faultServer(t, [
    does.answer({ status: 304, body: '', length: 1234, headers: { ETag: '"a"' } }),
    does.answer({ status: 204, body: '', framing: 'none' }),
  ])
  const gateway = await startGateway(t, { servers: [server.address], path })
  const client = await connectRaw(gateway.address)
  t.after(() => client.close())
  client.send(get('/'))
  const notModified = await client.response()
  assert.deepEqual(
    [notModified.status, notModified.header('content-length'), notModified.header('etag')],
    [304, '1234', '"a"'],
  )
  client.send(get('/'))
  assert.equal((await client.response()).status, 204)
})

testBothPaths(
  '3. a 100 that nobody asked for is an opaque 502, and a GET goes elsewhere',
  async (t, path) => {
    const server = await faultServer(t, does.answer({ interim: [100] }))
    const alone = await startGateway(t, { servers: [server.address], path })
    const response = await exchange(alone.address, get('/'))
    assert.ok([200, 502].includes(response.status), String(response.status))
    const other = await faultServer(t)
    const both = await startGateway(t, { servers: [server.address, other.address], path })
    for (let i = 0; i < 2; i += 1) {
      assert.equal((await exchange(both.address, get('/'))).status, 200)
    }
  },
)

testBothPaths(
  '4. what servers do wrong is 502, or 504, and tells nothing of them',
  async (t, path) => {
    const cases: Array<[string, Script | undefined, number]> = [
      ['refused', undefined, 502],
      ['reset', does.reset(), 502],
      ['reset on accept', does.reset('accept'), 502],
      ['ended', does.end(), 502],
      ['junk', junk('not HTTP'), 502],
      ['half a head', junk('half a head'), 502],
      ['silent', does.hang(), 504],
    ]
    for (const [name, script, status] of cases) {
      const address = script === undefined ? REFUSED : (await faultServer(t, script)).address
      const gateway = await startGateway(t, {
        servers: [address],
        path,
        upstream: { timeouts: { headers: '100ms' } },
      })
      const response = await exchange(gateway.address, get('/'))
      assert.equal(response.status, status, name)
      const told = [...response.head.lines, response.body.toString()].join('\n')
      for (const secret of [address, '127.0.0.1', 'ECONN', ' at ']) {
        assert.ok(!told.includes(secret), `${name}: ${JSON.stringify(secret)} in ${told}`)
      }
    }
  },
)

testBothPaths(
  "5. a server's 503 is its answer, and its Retry-After delays nobody",
  async (t, path) => {
    const server = await faultServer(
      t,
      does.answer({ status: 503, headers: { 'Retry-After': '3600' } }),
    )
    const other = await faultServer(t)
    const gateway = await startGateway(t, { servers: [server.address, other.address], path })
    const response = await exchange(gateway.address, get('/'))
    assert.deepEqual([response.status, response.header('retry-after')], [503, '3600'])
    assert.equal(server.requests.length, 1)
    assert.equal(other.requests.length, 0)
  },
)

testBothPaths(
  '6. the keep-alive race fails no GET, charges no fail and repeats no POST',
  async (t, path) => {
    for (const ending of ['end-on-reuse', 'reset-on-reuse'] as const) {
      const server = await faultServer(t, () => does.answer({ ending }))
      const gateway = await startGateway(t, { servers: [server.address], path })
      const client = await connectRaw(gateway.address)
      t.after(() => client.close())
      for (let i = 0; i < 50; i += 1) {
        client.send(get('/', `x-test-id: ${ending}-${i}`))
        assert.equal((await client.response()).status, 200, `GET ${i}`)
      }
      const read = server.requests.length
      for (let i = 0; i < 20; i += 1) {
        client.send(post('/', 'body', `x-test-id: ${ending}-post-${i}`))
        assert.ok([200, 502].includes((await client.response('POST')).status), `POST ${i}`)
      }
      const ids = server.requests.slice(read).map(({ id }) => id)
      assert.equal(new Set(ids).size, ids.length)
      assert.equal(gateway.fails(), 0)
    }
  },
)

testBothPaths("7. what is for the client's connection only stays there", async (t, path) => {
  const server = await faultServer(t)
  const gateway = await startGateway(t, { servers: [server.address], path })
  const lines = [
    'TE: trailers',
    'Trailer: X-Sum',
    'Proxy-Authorization: Basic eDp5',
    'Proxy-Connection: keep-alive',
    'Connection: keep-alive, X-Hop, X-Forwarded-For, Host, Cookie, X-Real-IP',
    'X-Hop: 1',
    'X-End: 2',
    'X-Forwarded-For: 6.6.6.6',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Host: evil.example',
    'Forwarded: for=6.6.6.6',
  ]
  assert.equal((await exchange(gateway.address, get('/', ...lines))).status, 200)
  const [request] = server.requests
  assert.ok(request)
  const gone = ['te', 'trailer', 'proxy-authorization', 'proxy-connection', 'x-hop', 'forwarded']
  for (const name of gone) assert.equal(request.header(name), undefined, name)
  assert.equal(request.header('x-end'), '2')
  assert.equal(request.header('host'), 'test')
  assert.equal(request.header('x-forwarded-for'), '127.0.0.1')
  assert.equal(request.header('x-real-ip'), '127.0.0.1')
  assert.equal(request.header('x-forwarded-proto'), 'http')
  assert.equal(request.header('x-forwarded-host'), 'test')
})

testBothPaths('8. 1,000 header lines pass, the last included; one more is 431', async (t, path) => {
  const server = await faultServer(t)
  const gateway = await startGateway(t, {
    servers: [server.address],
    path,
    fastify: { http: { maxHeaderSize: 64 * 1024 } } as object,
  })
  const lines = (count: number): string[] => Array.from({ length: count }, (_, i) => `x-${i}: 1`)
  // Host is one of them.
  const most = get('/', ...lines(998), 'Cookie: last=1')
  assert.equal((await exchange(gateway.address, most)).status, 200)
  assert.equal(server.requests[0]?.header('cookie'), 'last=1')
  const more = get('/', ...lines(999), 'Cookie: last=1')
  assert.equal((await exchange(gateway.address, more)).status, 431)
  assert.equal(server.requests.length, 1)
})

test('9. a target goes byte for byte, or it is 400', async (t) => {
  const server = await faultServer(t)
  const gateway = await startGateway(t, { servers: [server.address] })
  const asIs = [
    '/',
    '//',
    '///a//b',
    '/a\\..\\x',
    '/./x',
    '/a/../b',
    '/a/%2e%2e/b',
    '/%41%2f%2F%5c',
    '/a;b=c,d',
    '/"<>`{|}^',
    '/a?',
    '/a?b?c=%00&d[]=1',
    '/?x=http://y/',
    "/~!$&'()*+,=:@",
    '/\xe9\xff',
    `/${'x'.repeat(8_000)}`,
  ]
  const refused = ['/#frag', '/a?b#c', '/%zz', '/%', '/%4', '/a?%zz', 'a', '*', 'ftp://h/', 'h:80']
  for (const target of asIs) {
    const before = server.requests.length
    const { status } = await exchange(gateway.address, get(target))
    if (status === 400) assert.equal(server.requests.length, before, target)
    else assert.deepEqual([status, server.requests.at(-1)?.target], [200, target])
  }
  const passed = server.requests.map(({ target }) => target)
  for (const target of ['/', '/a\\..\\x', '/./x', '/a/../b', '/%41%2f%2F%5c', '/a?']) {
    assert.ok(passed.includes(target), `${target} should pass`)
  }
  const before = server.requests.length
  for (const target of refused) {
    assert.equal((await exchange(gateway.address, get(target))).status, 400, target)
  }
  assert.equal(server.requests.length, before)
})

test('9. a Host that is not one host and perhaps a port is 400', async (t) => {
  const server = await faultServer(t)
  const gateway = await startGateway(t, { servers: [server.address] })
  const hosts = ['user@h', 'h/path', 'h?q', 'h#f', 'h\\x', 'a b', 'h\x80', '"h"', 'h:80:90', 'h:x']
  for (const host of hosts) {
    const response = await exchange(gateway.address, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    assert.equal(response.status, 400, host)
  }
  const twice = 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n'
  assert.equal((await exchange(gateway.address, twice)).status, 400)
  assert.equal(server.requests.length, 0)
  for (const host of ['a', 'a.b:80', '[::1]:80', '[::1]', 'xn--a', 'a_b', 'a:']) {
    const response = await exchange(gateway.address, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    assert.equal(response.status, 200, host)
    assert.equal(server.requests.at(-1)?.header('host'), host)
  }
})

testBothPaths(
  '10. the head of an event stream leaves at once, and silence does not end it',
  async (t, path) => {
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const server = await faultServer(t, {
      ...does.answer({ headers: { 'Content-Type': 'text/event-stream' }, framing: 'chunked' }),
      steps: [
        {
          part: 'head',
          send: Buffer.from(
            'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n',
          ),
        },
        { wait: held },
        { part: 'body', send: Buffer.from('5\r\nhello\r\n') },
        { wait: held },
      ],
      ending: 'hang',
    })
    const gateway = await startGateway(t, {
      servers: [server.address],
      path,
      upstream: { timeouts: { body: '60ms' } },
    })
    const client = await connectRaw(gateway.address)
    t.after(() => client.close())
    client.send(get('/'))
    await until('the head', () => client.received.includes('200 OK'))
    // Longer than the limit for silent bodies.
    const silentUntil = performance.now() + 200
    await until('silence', () => performance.now() > silentUntil)
    assert.equal(client.closing, undefined)
    release()
    await until('the event', () => client.received.includes('hello'))
  },
)

testBothPaths('11. HEAD keeps both its connections', async (t, path) => {
  const server = await faultServer(t)
  const gateway = await startGateway(t, { servers: [server.address], path })
  const client = await connectRaw(gateway.address)
  t.after(() => client.close())
  for (let i = 0; i < 5; i += 1) {
    client.send('HEAD / HTTP/1.1\r\nHost: test\r\n\r\n')
    const response = await client.response('HEAD')
    assert.deepEqual([response.status, response.header('content-length')], [200, '2'])
  }
  assert.equal(server.accepted, 1)
})

testBothPaths(
  '11. bodyLimit holds for what is announced and for what is streamed',
  async (t, path) => {
    const server = await faultServer(t)
    const gateway = await startGateway(t, {
      servers: [server.address],
      path,
      plugin: { bodyLimit: 1_000 },
    })
    const exact = await exchange(gateway.address, post('/', 'x'.repeat(1_000)))
    assert.equal(exact.status, 200)
    const announced = await exchange(gateway.address, post('/', 'x'.repeat(1_001)))
    assert.equal(announced.status, 413)
    assert.equal(server.requests.length, 1)
    const chunk = `100\r\n${'x'.repeat(256)}\r\n`
    const head = 'POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n'
    const streamed = await exchange(gateway.address, `${head}${chunk.repeat(4)}0\r\n\r\n`)
    assert.equal(streamed.status, 413)
    const fits = await exchange(gateway.address, `${head}${chunk.repeat(3)}0\r\n\r\n`)
    assert.equal(fits.status, 200)
    assert.equal(gateway.fails(), 0)
  },
)
