/** Clients that leave, and clients that stay but do not listen or do not speak. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as does from '#fixtures/behaviour.js'
import { startFaultServer } from '#fixtures/fault-server.js'
import { startGateway, testBothPaths } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { connectRaw, get, post } from '#fixtures/raw-client.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

test('a client that leaves while a hook makes it wait is not passed on', async (t) => {
  const server = await startFaultServer()
  t.after(() => server.close())
  let enter = (): void => {}
  const entered = new Promise<void>((resolve) => {
    enter = resolve
  })
  let leave = (): void => {}
  const left = new Promise<void>((resolve) => {
    leave = resolve
  })
  const gateway = await startGateway(t, {
    servers: [server.address],
    plugin: {
      preHandler: async () => {
        enter()
        await left
      },
    },
  })
  let closed = false
  gateway.app.server.on('connection', (socket) => {
    socket.on('close', () => {
      closed = true
    })
  })
  const client = await connectRaw(gateway.address)
  client.send(get('/'))
  await entered
  client.abort()
  await until('the gateway sees it', () => closed)
  leave()
  await until('the request is over', () => gateway.active() === 0)
  // Whatever was sent came to nothing: no request waits for an answer that nobody will read.
  await until('no connection is busy', () => server.requests.every(({ answered }) => answered))
  assert.equal(server.requests.length, 0)
})

testBothPaths('clients that leave at any moment leak nothing and harm nobody', async (t, path) => {
  const server = await startFaultServer({
    script: ({ ordinal }) => does.later(ordinal % 3, does.answer({ body: 'x'.repeat(100_000) })),
  })
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [server.address], path })
  const waits = Array.from({ length: 120 }, (_, i) => i % 12)
  await Promise.all(
    waits.map(async (ticks, i) => {
      const client = await connectRaw(gateway.address)
      client.send(i % 2 === 0 ? get('/') : post('/', 'y'.repeat(5_000)))
      for (let tick = 0; tick < ticks; tick += 1) await new Promise(setImmediate)
      client.abort()
    }),
  )
  await until('nothing is under way', () => gateway.active() === 0)
  assert.equal(gateway.fails(), 0)
  // What is left are idle connections that serve the next request.
  const client = await connectRaw(gateway.address)
  t.after(() => client.close())
  client.send(get('/'))
  assert.equal((await client.response()).body.length, 100_000)
})

const MB = 1024 * 1024

testBothPaths(
  'a client that does not read makes the server wait, and not the memory grow',
  async (t, path) => {
    const total = 100 * MB
    const part = Buffer.alloc(MB, 'x')
    const head = `HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`
    let sent = 0
    // Parts are made as they are sent, so that the server's own memory does not count.
    const steps = {
      *[Symbol.iterator]() {
        yield { part: 'head' as const, send: Buffer.from(head) }
        for (sent = MB; sent <= total; sent += MB) yield { part: 'body' as const, send: part }
      },
    }
    const server = await startFaultServer({
      script: { ...does.answer(), steps: steps as unknown as readonly does.Step[] },
    })
    t.after(() => server.close())
    const gateway = await startGateway(t, {
      servers: [server.address],
      path,
      // While the client is the slow one the server's silence is no fault.
      upstream: { timeouts: { body: '100ms' } },
    })
    const client = await connectRaw(gateway.address)
    t.after(() => client.close())
    client.pause()
    const before = process.memoryUsage().rss
    client.send(get('/'))
    let last = -1
    const stalledFor = { since: performance.now() }
    await until(
      'the server is made to wait',
      () => {
        if (sent !== last) {
          last = sent
          stalledFor.since = performance.now()
        }
        return sent > 0 && performance.now() - stalledFor.since > 300
      },
      { deadlineMs: 5_000 },
    )
    assert.ok(sent < 20 * MB, `${sent / MB} MB went to a client that does not read`)
    const grown = (process.memoryUsage().rss - before) / MB
    assert.ok(grown < 40, `${grown} MB more memory`)
    assert.equal(gateway.active(), 1)
    client.resume()
    await until('the whole body', () => client.receivedBytes >= total, {
      deadlineMs: 10_000,
      everyMs: 200,
    })
    assert.equal(gateway.fails(), 0)
  },
)

test('a client that stops in the middle of its body is 408, and no fail', async (t) => {
  const server = await startFaultServer()
  t.after(() => server.close())
  const gateway = await startGateway(t, {
    servers: [server.address],
    upstream: { timeouts: { send: '150ms', headers: '100ms' } },
  })
  const client = await connectRaw(gateway.address)
  t.after(() => client.close())
  client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhalf')
  const response = await client.response('POST')
  assert.deepEqual([response.status, response.header('connection')], [408, 'close'])
  assert.equal(await client.closed(), 'end')
  assert.deepEqual([gateway.fails(), gateway.active()], [0, 0])
  await until('the server sees it', () => server.connections === 0)
})

test('an upload that is slow and goes on is not ended by any limit', async (t) => {
  const server = await startFaultServer()
  t.after(() => server.close())
  const gateway = await startGateway(t, {
    servers: [server.address],
    upstream: { timeouts: { send: '150ms', headers: '100ms' } },
  })
  const client = await connectRaw(gateway.address)
  t.after(() => client.close())
  client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 8\r\n\r\n')
  for (let i = 0; i < 8; i += 1) {
    const sentAt = performance.now()
    client.send('x')
    await until('a while', () => performance.now() - sentAt > 60)
  }
  assert.equal((await client.response('POST')).status, 200)
  assert.equal(server.requests[0]?.bodyBytes, 8)
})

test('a server that takes nothing of an upload is 504 after the limit', async (t) => {
  const server = await startFaultServer({
    script: { ...does.hang(), starts: 'head', reads: false, steps: [{ wait: 60_000 }] },
  })
  t.after(() => server.close())
  const gateway = await startGateway(t, {
    servers: [server.address],
    plugin: { bodyLimit: 100 * MB },
    upstream: { timeouts: { send: '200ms' } },
  })
  const client = await connectRaw(gateway.address)
  t.after(() => client.close())
  client.send(`POST / HTTP/1.1\r\nHost: test\r\nContent-Length: ${50 * MB}\r\n\r\n`)
  const part = Buffer.alloc(MB)
  for (let i = 0; i < 50; i += 1) client.send(part)
  const response = await client.response('POST', 5_000)
  assert.equal(response.status, 504)
  assert.equal(gateway.fails(), 1)
})
