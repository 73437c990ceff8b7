/** Servers that break, and what clients see of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spawnAppServer, startAppServer } from '#fixtures/app-server.js'
import * as does from '#fixtures/behaviour.js'
import { startBlackhole } from '#fixtures/blackhole.js'
import { startFaultServer } from '#fixtures/fault-server.js'
import { startGateway, testBothPaths } from '#fixtures/gateway.js'
import { type Junk, junk, junkHeads, oddHeads } from '#fixtures/junk.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { runLoad, startLoad } from '#fixtures/load.js'
import { percentile, summarise } from '#fixtures/load-summary.js'
import { REFUSED } from '#fixtures/ports.js'
import { connectRaw, exchange, get, post } from '#fixtures/raw-client.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

testBothPaths('junk for a head is 502, and the next request is served', async (t, path) => {
  const server = await startFaultServer()
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [server.address], path })
  const client = await connectRaw(gateway.address)
  t.after(() => client.close())
  for (const name of Object.keys(junkHeads) as Junk[]) {
    server.behave([junk(name)])
    client.send(get('/'))
    const broken = await client.response()
    assert.equal(broken.status, 502, name)
    assert.match(broken.head.startLine, /^HTTP\/1\.1 502 Bad Gateway$/, name)
    client.send(get('/'))
    assert.equal((await client.response()).status, 200, `after ${name}`)
  }
})

testBothPaths('an odd head is put right or refused', async (t, path) => {
  const server = await startFaultServer()
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [server.address], path })
  for (const name of Object.keys(oddHeads) as Junk[]) {
    server.behave(junk(name))
    const { status } = await exchange(gateway.address, get('/'))
    assert.ok([200, 502].includes(status), `${name}: ${status}`)
  }
})

testBothPaths('no byte in a head crashes the gateway or is passed on as it is', async (t, path) => {
  const server = await startFaultServer()
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [server.address], path })
  for (let byte = 0; byte < 256; byte += 1) {
    const at = String.fromCharCode(byte)
    for (const head of [
      `HTTP/1.1 200 a${at}b\r\nX: y`,
      `HTTP/1.1 200 OK\r\nX: a${at}b`,
      `HTTP/1.1 200 OK\r\nX${at}Y: a`,
    ]) {
      server.behave(does.raw(Buffer.from(`${head}\r\nContent-Length: 2\r\n\r\nok`, 'latin1')))
      const response = await exchange(gateway.address, get('/')).catch((cause) => {
        throw new Error(`${byte} in ${JSON.stringify(head)}`, { cause })
      })
      assert.ok([200, 502].includes(response.status), `${byte}: ${response.status}`)
      if (byte >= 0x80 && head.includes('X: a')) assert.equal(response.header('x'), `a${at}b`)
      if (byte >= 0x80 && head.includes('200 a')) assert.equal(response.status, 200)
    }
  }
})

testBothPaths(
  'junk and resets on one server are hidden from a GET by the other',
  async (t, path) => {
    const broken = await startFaultServer()
    t.after(() => broken.close())
    const sound = await startFaultServer()
    t.after(() => sound.close())
    const gateway = await startGateway(t, {
      servers: [
        { address: broken.address, maxFails: 0 },
        { address: sound.address, maxFails: 0 },
      ],
      path,
      upstream: {
        retry: {
          on: ['error', 'timeout', 'invalid-header'],
          budget: { ratio: 1, minPerSecond: 1_000 },
        },
      },
    })
    const faults = [
      does.reset(),
      does.reset('accept'),
      does.reset('head'),
      does.end(),
      does.end('accept'),
      ...(Object.keys(junkHeads) as Junk[]).map((name) => junk(name)),
    ]
    for (const [i, fault] of faults.entries()) {
      broken.behave(fault)
      for (let twice = 0; twice < 2; twice += 1) {
        const { status } = await exchange(gateway.address, get('/'))
        assert.equal(status, 200, `fault ${i}`)
      }
    }
    assert.equal(gateway.fails(), faults.length)
  },
)

testBothPaths(
  'a truncated body is seen as one, 6 kinds of it, and asked for once',
  async (t, path) => {
    const server = await startFaultServer()
    t.after(() => server.close())
    const other = await startFaultServer()
    t.after(() => other.close())
    const gateway = await startGateway(t, {
      servers: [server.address, { address: other.address, backup: true }],
      path,
    })
    const rounds = 10
    let incomplete = 0
    for (const truncation of Object.values(does.truncations)) {
      server.behave(() => truncation)
      for (let i = 0; i < rounds; i += 1) {
        const client = await connectRaw(gateway.address)
        client.send(get('/'))
        await client.closed().catch(() => undefined)
        const [response] = client.responses
        if (response === undefined || !response.complete || response.status === 502) incomplete += 1
        await client.close()
      }
    }
    const kinds = Object.keys(does.truncations).length
    assert.equal(incomplete, kinds * rounds)
    assert.equal(server.requests.length, kinds * rounds)
    assert.equal(other.requests.length, 0)
    assert.equal(gateway.fails(), 0)
  },
)

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
  const started = performance.now()
  const { status } = await exchange(alone.address, get('/'))
  const tookMs = performance.now() - started
  assert.equal(status, 504)
  assert.ok(tookMs >= 200 && tookMs < 250, `took ${tookMs} ms`)
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
  assert.ok(Math.max(...tookMs) < 250, `slow: ${tookMs.map(Math.round)}`)
  assert.equal(gateway.fails(), 2)
})

for (const method of ['GET', 'POST']) {
  test(`a server that is killed under ${method}s loses at most what it was working on`, async (t) => {
    const servers = await Promise.all(
      ['a', 'b', 'c'].map((name) => spawnAppServer({ name, delayMs: 5 })),
    )
    const [victim] = servers
    assert.ok(victim)
    t.after(async () => {
      await Promise.all(servers.map((server) => server.kill()))
    })
    const gateway = await startGateway(t, {
      servers: servers.map(({ address }) => address),
      upstream: { sticky: { cookie: 'srv', keys: ['0123456789abcdef0123456789abcdef'] } },
    })
    const load = startLoad({
      address: gateway.address,
      sessions: 60,
      ratePerS: 300,
      durationMs: 3_000,
      cookieless: 0.3,
      request: () => (method === 'GET' ? {} : { method, body: 'x' }),
    })
    await until('load', () => load.results.length >= 300)
    const inFlight = gateway.app.holdfast
      .get('test')
      .snapshot()
      .servers.map(({ active }) => active)
    await victim.kill()
    const killedAt = performance.now()
    const results = await load.done
    const summary = summarise(results)
    assert.deepEqual(summary.byError, {})
    const failed = results.filter(({ status }) => status !== 200)
    assert.ok(
      failed.every(({ status }) => status === 502),
      JSON.stringify(summary.byStatus),
    )
    if (method === 'GET') assert.equal(failed.length, 0, JSON.stringify(summary.byStatus))
    // Those in flight when it died, and those on their way before that was known.
    else assert.ok(failed.length <= 10, `${failed.length} failed, in flight: ${inFlight}`)

    await Promise.all(servers.map((server) => server.stop()))
    const executed = servers.flatMap((server) => server.executed())
    if (method === 'POST') assert.equal(new Set(executed).size, executed.length, 'executed twice')
    // Sessions of live servers stay; one of the dead server moves once.
    let moved = 0
    for (const [session, seen] of summary.serversBySession) {
      if (seen.length === 1) continue
      assert.deepEqual([seen[0], seen.length], [victim.name, 2], `session ${session}: ${seen}`)
      moved += 1
    }
    assert.ok(moved > 0)
    assert.ok(killedAt > 0)
  })
}

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
  const p99Ms = percentile(tookMs, 99)
  assert.ok(p99Ms < 50, `p99 ${p99Ms} ms`)
  await server.accept()
  await until('served', async () => (await exchange(gateway.address, get('/'))).status === 200, {
    deadlineMs: 1_000,
  })
})

test('with two of three broken traffic flows', async (t) => {
  const broken = await startFaultServer({ script: () => does.reset() })
  t.after(() => broken.close())
  const sound = await startAppServer({ name: 'sound' })
  t.after(() => sound.stop())
  const gateway = await startGateway(t, {
    servers: [broken.address, REFUSED, sound.address],
    upstream: { retry: { budget: { ratio: 1, minPerSecond: 100 } } },
  })
  const summary = await runLoad({ address: gateway.address, requests: 200 })
  assert.deepEqual([summary.byStatus, summary.byError], [{ 200: 200 }, {}])
})

test('a server that answers 500 now and then is ejected when retry.on says so', async (t) => {
  let asked = 0
  const brown = await startFaultServer({
    script: () => {
      asked += 1
      return does.answer({ status: asked % 3 === 0 ? 500 : 200 })
    },
  })
  t.after(() => brown.close())
  const sound = await startFaultServer()
  t.after(() => sound.close())
  const gateway = await startGateway(t, {
    servers: [brown.address, sound.address],
    upstream: { retry: { on: ['error', 'timeout', 500] } },
  })
  const summary = await runLoad({ address: gateway.address, requests: 200, sessions: 4 })
  assert.deepEqual(summary.byStatus, { 200: 200 })
  const state = gateway.app.holdfast.get('test').snapshot().servers[0]?.state
  assert.equal(state, 'ejected')
  assert.ok(asked < 30, `asked ${asked} times`)
})
