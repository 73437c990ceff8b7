/** Servers that break, and what clients see of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startAppServer } from '#fixtures/app-server.js'
import * as does from '#fixtures/behaviour.js'
import { startFaultServer } from '#fixtures/fault-server.js'
import { startGateway, testBothPaths } from '#fixtures/gateway.js'
import { type Junk, junk, junkHeads, oddHeads } from '#fixtures/junk.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { runLoad } from '#fixtures/load.js'
import { REFUSED } from '#fixtures/ports.js'
import { connectRaw, exchange, get } from '#fixtures/raw-client.js'

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

testBothPaths(
  'no byte in a head crashes the gateway, and what is legal goes as it is',
  async (t, path) => {
    const heads = Array.from({ length: 256 }, (_, byte) => {
      const at = String.fromCharCode(byte)
      return [
        `HTTP/1.1 200 a${at}b\r\nX: y`,
        `HTTP/1.1 200 OK\r\nX: a${at}b`,
        `HTTP/1.1 200 OK\r\nX${at}Y: a`,
      ]
    }).flat()
    const server = await startFaultServer({
      script: ({ target }) => {
        const head = heads[Number(target.slice(1))] ?? ''
        return does.raw(Buffer.from(`${head}\r\nContent-Length: 2\r\n\r\nok`, 'latin1'))
      },
    })
    t.after(() => server.close())
    const gateway = await startGateway(t, { servers: [server.address], path })
    const queue = heads.entries()
    const worker = async (): Promise<void> => {
      for (const [i, head] of queue) {
        const response = await exchange(gateway.address, get(`/${i}`)).catch((cause) => {
          throw new Error(JSON.stringify(head), { cause })
        })
        assert.ok(
          [200, 502].includes(response.status),
          `${JSON.stringify(head)}: ${response.status}`,
        )
        const [, obsText] = /X: (a[\x80-\xff]b)$/.exec(head) ?? []
        if (obsText !== undefined) assert.equal(response.header('x'), obsText)
        if (/200 a[\x80-\xff]b/.test(head)) assert.equal(response.status, 200)
      }
    }
    await Promise.all(Array.from({ length: 8 }, worker))
  },
)

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
