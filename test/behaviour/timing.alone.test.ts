/** What is promised in milliseconds. These run beside no other tests. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spawnAppServer, startAppServer } from '#fixtures/app-server.js'
import * as does from '#fixtures/behaviour.js'
import { startBlackhole } from '#fixtures/blackhole.js'
import { startFaultServer } from '#fixtures/fault-server.js'
import { startGateway, testBothPaths } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { percentile } from '#fixtures/load-summary.js'
import { REFUSED } from '#fixtures/ports.js'
import { connectRaw, exchange, get, post } from '#fixtures/raw-client.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

const SOON = { deadlineMs: 100, everyMs: 1 }

testBothPaths('a client that leaves before the head ends the request', async (t, path) => {
  const server = await startFaultServer({ script: () => does.hang() })
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [server.address], path })
  for (let i = 0; i < 5; i += 1) {
    const client = await connectRaw(gateway.address)
    client.send(get('/'))
    await until('the request', () => server.requests.length > i)
    if (i % 2 === 0) client.abort()
    else await client.close()
    await until('the server sees it', () => server.connections === 0, SOON)
  }
  assert.deepEqual([gateway.fails(), gateway.active()], [0, 0])
})

testBothPaths('the head of an event stream is with the client in 50 ms', async (t, path) => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n'
  const server = await startFaultServer({ script: () => does.raw(head, 'hang') })
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [server.address], path })
  const tookMs: number[] = []
  for (let i = 0; i < 5; i += 1) {
    const client = await connectRaw(gateway.address)
    client.send(get('/'))
    await client.bytes(1)
    tookMs.push(client.firstByteMs ?? Number.NaN)
    await client.close()
  }
  const medianMs = percentile(tookMs, 50)
  assert.ok(medianMs < 50, `${tookMs.map(Math.round)} ms`)
})

testBothPaths('a client that leaves in the middle of an upload ends it', async (t, path) => {
  const server = await startFaultServer({ script: () => does.hang() })
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [server.address], path })
  const heads = ['Content-Length: 1000', 'Transfer-Encoding: chunked']
  for (const [i, framing] of heads.entries()) {
    const client = await connectRaw(gateway.address)
    client.send(`POST / HTTP/1.1\r\nHost: test\r\n${framing}\r\n\r\n5\r\nhello\r\n`)
    await until('some of it', () => (server.requests[i]?.bodyBytes ?? 0) >= 5)
    client.abort()
    await until('the server sees it', () => server.connections === 0, SOON)
    // Above all the server must not take the part for the whole.
    assert.equal(server.requests[i]?.complete, false)
  }
  assert.deepEqual([gateway.fails(), gateway.active()], [0, 0])
})

testBothPaths('a client that leaves in the middle of a download ends it', async (t, path) => {
  const server = await startFaultServer({
    script: does.cut(does.answer({ body: 'x'.repeat(1_000) }), 500, 'hang'),
  })
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [server.address], path })
  for (let i = 0; i < 5; i += 1) {
    const client = await connectRaw(gateway.address)
    client.send(get('/'))
    await until('half of it', () => client.received.includes('x'))
    if (i % 2 === 0) client.abort()
    else await client.close()
    await until('the server sees it', () => server.connections === 0, SOON)
  }
  assert.deepEqual([gateway.fails(), gateway.active()], [0, 0])
})

testBothPaths('a head or a body that drips is ended at its deadline', async (t, path) => {
  const server = await startFaultServer()
  t.after(() => server.close())
  const gateway = await startGateway(t, {
    servers: [server.address],
    path,
    upstream: { timeouts: { headers: '300ms', response: '600ms' } },
  })
  server.behave(does.drip(does.answer(), 50, 'head'))
  const started = performance.now()
  const { status } = await exchange(gateway.address, get('/'))
  const headMs = performance.now() - started
  assert.equal(status, 504)
  assert.ok(headMs >= 300 && headMs < 500, `the head took ${headMs} ms`)

  server.behave(does.drip(does.answer({ body: 'x'.repeat(100) }), 50))
  const client = await connectRaw(gateway.address)
  t.after(() => client.close())
  client.send(get('/'))
  await client.closed()
  const bodyMs = client.closedMs ?? Number.NaN
  assert.ok(bodyMs >= 600 && bodyMs < 800, `the body took ${bodyMs} ms`)
  assert.equal(client.responses[0]?.complete, false)
})

testBothPaths(
  'a body that falls silent is ended, one that goes on slowly is not',
  async (t, path) => {
    const server = await startFaultServer()
    t.after(() => server.close())
    const gateway = await startGateway(t, {
      servers: [server.address],
      path,
      upstream: { timeouts: { body: '150ms' } },
    })
    server.behave(does.drip(does.answer({ body: 'slowly' }), 80))
    const slow = await exchange(gateway.address, get('/'))
    assert.deepEqual([slow.body.toString(), slow.complete], ['slowly', true])
    server.behave(does.cut(does.answer({ body: 'silent' }), 3, 'hang'))
    const client = await connectRaw(gateway.address)
    t.after(() => client.close())
    client.send(get('/'))
    await client.closed()
    const closedMs = client.closedMs ?? Number.NaN
    assert.ok(closedMs >= 150 && closedMs < 350, `closed after ${closedMs} ms`)
  },
)

test('a connect that hangs is given up at its deadline, and the request goes elsewhere', async (t) => {
  const blackhole = await startBlackhole()
  t.after(() => blackhole.close())
  const sound = await startFaultServer()
  t.after(() => sound.close())
  const timeouts = { connect: '200ms' }
  const alone = await startGateway(t, { servers: [blackhole.address], upstream: { timeouts } })
  const hungMs: number[] = []
  for (let i = 0; i < 3; i += 1) {
    const started = performance.now()
    assert.equal((await exchange(alone.address, get('/'))).status, 504)
    hungMs.push(performance.now() - started)
  }
  // The machine may be late; the gateway is not each time.
  const leastMs = Math.min(...hungMs)
  assert.ok(leastMs >= 200 && leastMs < 250, `took ${hungMs.map(Math.round)} ms`)
  const both = await startGateway(t, {
    servers: [blackhole.address, sound.address],
    upstream: { timeouts },
  })
  for (let i = 0; i < 4; i += 1) {
    // Nothing was sent, so a POST may go elsewhere as well.
    const request = i % 2 === 0 ? get('/') : post('/', 'body')
    assert.equal((await exchange(both.address, request)).status, 200)
  }
})

test('a frozen server fails no GET, and is ejected after maxFails slow requests', async (t) => {
  const frozen = await spawnAppServer({ name: 'frozen' })
  t.after(() => frozen.kill())
  const sound = await startAppServer({ name: 'sound' })
  t.after(() => sound.stop())
  const gateway = await startGateway(t, {
    servers: [{ address: frozen.address, maxFails: 2 }, sound.address],
    upstream: { timeouts: { headers: '150ms' } },
  })
  // Its connections are warm: this is not about connecting.
  for (let i = 0; i < 4; i += 1) await exchange(gateway.address, get('/'))
  frozen.freeze()
  const tookMs: number[] = []
  for (let i = 0; i < 10; i += 1) {
    const started = performance.now()
    assert.equal((await exchange(gateway.address, get('/'))).status, 200)
    tookMs.push(performance.now() - started)
  }
  assert.equal(tookMs.filter((ms) => ms >= 150).length, 2, `slow: ${tookMs.map(Math.round)}`)
  const slowMs = tookMs.filter((ms) => ms >= 150)
  assert.ok(Math.min(...slowMs) < 250, `slow: ${slowMs.map(Math.round)}`)
  assert.equal(gateway.fails(), 2)
})

test('with every server down it is 502 at once, and soon after the first is back it serves', async (t) => {
  const server = await startFaultServer()
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [server.address, REFUSED] })
  server.refuse()
  const tookMs: number[] = []
  for (let i = 0; i < 30; i += 1) {
    const started = performance.now()
    assert.equal((await exchange(gateway.address, get('/'))).status, 502)
    tookMs.push(performance.now() - started)
  }
  const medianMs = percentile(tookMs, 50)
  assert.ok(medianMs < 50, `${tookMs.map(Math.round)} ms`)
  await server.accept()
  await until('served', async () => (await exchange(gateway.address, get('/'))).status === 200, {
    deadlineMs: 1_000,
  })
})
