/** What is sent once more, where, and how often. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { RetryOptions } from '@holdfast/core'
import * as does from '#fixtures/behaviour.js'
import { type FaultServer, type Script, startFaultServer } from '#fixtures/fault-server.js'
import { startGateway, type TestGateway, testBothPaths } from '#fixtures/gateway.js'
import { junk } from '#fixtures/junk.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { REFUSED } from '#fixtures/ports.js'
import { connectRaw, exchange, get, post } from '#fixtures/raw-client.js'

failOnLeaks()

/** A gateway that asks the servers in this order. */
async function inOrder(
  t: TestContext,
  scripts: readonly Script[],
  retry: RetryOptions = {},
): Promise<{ gateway: TestGateway; servers: FaultServer[] }> {
  const servers = await Promise.all(scripts.map((script) => startFaultServer({ script })))
  for (const server of servers) t.after(() => server.close())
  const gateway = await startGateway(t, {
    servers: servers.map(({ address }) => ({ address, maxFails: 0 })),
    upstream: { retry, timeouts: { headers: '200ms' } },
  })
  return { gateway, servers }
}

const asked = (servers: readonly FaultServer[]): number[] =>
  servers.map(({ requests }) => requests.length)

const upload = (method: string, body: string): string =>
  `${method} / HTTP/1.1\r\nHost: test\r\nContent-Length: ${body.length}\r\n\r\n${body}`

for (const [name, fault] of [
  ['reset', does.reset()],
  ['ended', does.end()],
  ['ended in its head', junk('half a head')],
  ['silent', does.hang()],
] as const) {
  test(`an idempotent request goes on where a server is ${name}, a POST does not`, async (t) => {
    const { gateway, servers } = await inOrder(t, [() => fault, does.answer()])
    for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS']) {
      // Twice, as round robin begins with the other one every second time.
      for (let i = 0; i < 2; i += 1) {
        const { status } = await exchange(gateway.address, upload(method, 'body'))
        assert.equal(status, 200, method)
      }
    }
    assert.deepEqual(asked(servers), [4, 8])
    const statuses: number[] = []
    for (let i = 0; i < 2; i += 1) {
      statuses.push((await exchange(gateway.address, upload('POST', 'body'))).status)
    }
    assert.deepEqual(statuses.toSorted(), [200, name === 'silent' ? 504 : 502])
    assert.equal(
      new Set(servers.flatMap(({ requests }) => requests.map((r) => r.bodyHash))).size,
      1,
    )
  })
}

test('junk goes on only where retry.on has invalid-header', async (t) => {
  const scripts = [() => junk('not HTTP'), does.answer()]
  const plain = await inOrder(t, scripts)
  assert.equal((await exchange(plain.gateway.address, get('/'))).status, 502)
  const told = await inOrder(t, scripts, { on: ['invalid-header'] })
  assert.equal((await exchange(told.gateway.address, get('/'))).status, 200)
})

test('a body that fits the buffer is sent again whole, a larger one is not', async (t) => {
  const { gateway, servers } = await inOrder(t, [() => does.reset(), does.answer()], {
    bufferBytes: 10_000,
  })
  const fits = 'x'.repeat(10_000)
  assert.equal((await exchange(gateway.address, upload('PUT', fits))).status, 200)
  assert.deepEqual(
    servers.map(({ requests }) => requests[0]?.bodyBytes),
    [10_000, 10_000],
  )
  // The turn is with the first server again after this one.
  assert.equal((await exchange(gateway.address, get('/'))).status, 200)
  assert.equal((await exchange(gateway.address, upload('PUT', `${fits}x`))).status, 502)
})

test('a request of which no byte was sent goes on, whatever its method and its body', async (t) => {
  const server = await startFaultServer()
  t.after(() => server.close())
  const gateway = await startGateway(t, {
    servers: [
      { address: REFUSED, maxFails: 0 },
      { address: server.address, maxFails: 0 },
    ],
    plugin: { bodyLimit: 10_000_000 },
    // Attempts that sent nothing cost neither tries nor budget.
    upstream: { retry: { tries: 1, budget: { ratio: 0, minPerSecond: 0 } } },
  })
  const large = 'x'.repeat(3_000_000)
  for (let i = 0; i < 4; i += 1) {
    const response = await exchange(gateway.address, post('/', large), 5_000)
    assert.equal(response.status, 200, `POST ${i}`)
    assert.equal(server.requests[i]?.bodyBytes, large.length)
  }
  assert.equal(gateway.fails(), 2)
})

test('tries bounds the attempts that sent something, each server is asked once at most', async (t) => {
  const broken = (): does.Behaviour => does.reset()
  const three = await inOrder(t, [broken, broken, broken, broken, broken], { tries: 3 })
  assert.equal((await exchange(three.gateway.address, get('/'))).status, 502)
  assert.equal(three.gateway.attempts(), 3)
  const each = await inOrder(t, [broken, broken, broken, broken, broken], {
    tries: 0,
    budget: { ratio: 1, minPerSecond: 100 },
  })
  assert.equal((await exchange(each.gateway.address, get('/'))).status, 502)
  assert.deepEqual(asked(each.servers), [1, 1, 1, 1, 1])
})

test('after retry.timeout no further attempt begins', async (t) => {
  const slowly = (): does.Behaviour => does.later(120, does.reset())
  const scripts = Array<Script>(3).fill(slowly)
  for (const [timeout, attempts] of [
    ['100ms', 1],
    ['30s', 3],
  ] as const) {
    const { gateway } = await inOrder(t, scripts, { tries: 0, timeout })
    assert.equal((await exchange(gateway.address, get('/'))).status, 502)
    assert.equal(gateway.attempts(), attempts)
  }
})

test('the budget bounds retries, and then the first failure is the answer', async (t) => {
  const { gateway } = await inOrder(t, [() => does.reset(), does.answer()], {
    budget: { ratio: 0.1, minPerSecond: 0 },
  })
  const statuses: number[] = []
  for (let i = 0; i < 40; i += 1) {
    statuses.push((await exchange(gateway.address, get('/'))).status)
  }
  const retries = gateway.attempts() - statuses.length
  assert.ok(retries > 0 && retries <= 4, `${retries} retries of 40 requests`)
  assert.ok(statuses.includes(502))
})

testBothPaths(
  'a status in retry.on goes on, and the last one is passed through',
  async (t, path) => {
    const servers = await Promise.all(
      ['first', 'second'].map((body) =>
        startFaultServer({
          script: () => does.answer({ status: 503, body, headers: { 'X-From': body } }),
        }),
      ),
    )
    for (const server of servers) t.after(() => server.close())
    const gateway = await startGateway(t, {
      servers: servers.map(({ address }) => address),
      path,
      upstream: { retry: { on: [503, 404] } },
    })
    const response = await exchange(gateway.address, get('/'))
    assert.deepEqual(
      [response.status, response.header('x-from'), response.body.toString()],
      [503, 'second', 'second'],
    )
    assert.deepEqual(asked(servers), [1, 1])
    // Only the first is a fail: the other one's answer was taken.
    assert.equal(gateway.fails(), 1)
    servers[0]?.behave(() => does.answer({ status: 404 }))
    servers[1]?.behave(() => does.answer())
    for (let i = 0; i < 2; i += 1) {
      assert.equal((await exchange(gateway.address, get('/'))).status, 200)
    }
    // A 404 says nothing of a server's health.
    assert.equal(gateway.fails(), 1)
    servers[0]?.behave(() => does.answer({ status: 503 }))
    const statuses: number[] = []
    for (let i = 0; i < 2; i += 1) {
      statuses.push((await exchange(gateway.address, post('/', 'body'))).status)
    }
    assert.deepEqual(statuses.toSorted(), [200, 503])
  },
)

test("a POST's status goes on where retry.on has non-idempotent", async (t) => {
  const { gateway, servers } = await inOrder(
    t,
    [() => does.answer({ status: 503 }), does.answer()],
    { on: [503, 'non-idempotent'] },
  )
  assert.equal((await exchange(gateway.address, post('/', 'body'))).status, 200)
  assert.deepEqual(
    servers.map(({ requests }) => requests[0]?.bodyBytes),
    [4, 4],
  )
})

test('after the first byte of a response nothing is ever sent again', async (t) => {
  const { gateway, servers } = await inOrder(
    t,
    [() => does.cut(does.answer({ body: 'half of it' }), 4, 'reset'), does.answer()],
    { on: ['error', 'timeout', 'invalid-header', 'non-idempotent', 500], tries: 0 },
  )
  await exchange(gateway.address, get('/')).catch(() => undefined)
  assert.deepEqual(asked(servers), [1, 0])
})

testBothPaths('an early 413 or 401 reaches the client that is still uploading', async (t, path) => {
  const rounds = 25
  const large = 'x'.repeat(400_000)
  for (const reads of [true, false]) {
    for (const status of [413, 401]) {
      const server = await startFaultServer({
        script: () =>
          does.early(does.answer({ status, body: 'no', framing: reads ? 'length' : 'close' }), {
            reads,
          }),
      })
      t.after(() => server.close())
      const gateway = await startGateway(t, { servers: [server.address], path })
      let told = 0
      for (let i = 0; i < rounds; i += 1) {
        const response = await exchange(gateway.address, post('/', large))
        if (response.status === status && response.body.toString() === 'no') told += 1
        else assert.equal(response.status, 502)
      }
      // One that closes with our bytes unread resets the connection, and that may overtake it.
      assert.ok(told >= (reads ? rounds : rounds * 0.8), `${told} of ${rounds}: ${status} ${reads}`)
    }
  }
})

testBothPaths(
  'after an early answer the rest of the upload is thrown away, and the connection goes on',
  async (t, path) => {
    const server = await startFaultServer({
      script: ({ method }) =>
        method === 'POST' ? does.early(does.answer({ status: 413, body: 'no' })) : does.answer(),
    })
    t.after(() => server.close())
    const gateway = await startGateway(t, {
      servers: [server.address],
      path,
      plugin: { bodyLimit: 20_000_000 },
    })
    const client = await connectRaw(gateway.address)
    t.after(() => client.close())
    client.send(post('/', 'x'.repeat(10_000_000)))
    assert.equal((await client.response('POST')).status, 413)
    // Where the rest is not read the gateway says that this was the last answer here.
    if (client.responses[0]?.header('connection') === 'close') return
    client.send(get('/'))
    assert.equal((await client.response()).body.toString(), 'ok')
  },
)

test('many uploads at once each get the 413 of a server that closes on them unread', async (t) => {
  const server = await startFaultServer({
    script: () =>
      does.early(does.answer({ status: 413, body: 'no', framing: 'close' }), { reads: false }),
  })
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [server.address] })
  const large = post('/', 'x'.repeat(400_000))
  // A busy gateway finds the reset by writing, with the answer still unread.
  const responses = await Promise.all(
    Array.from({ length: 60 }, () => exchange(gateway.address, large, 10_000)),
  )
  assert.deepEqual(
    responses.map(({ status }) => status),
    responses.map(() => 413),
  )
  assert.equal(gateway.fails(), 0)
})
