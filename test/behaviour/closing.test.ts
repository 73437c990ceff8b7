/** A gateway that closes finishes what it has begun. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { serverOptions } from '@holdfast/plugin'
import * as does from '#fixtures/behaviour.js'
import { type FaultServer, startFaultServer } from '#fixtures/fault-server.js'
import { type Path, startGateway, type TestGateway, testBothPaths } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { connectRaw, get } from '#fixtures/raw-client.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

interface Setup {
  readonly server: FaultServer
  readonly gateway: TestGateway
  release(): void
}

/** A gateway as `serverOptions` wants it, over a server that answers when it is let. */
async function setUp(t: TestContext, path: Path): Promise<Setup> {
  let release = (): void => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const server = await startFaultServer({
    script: ({ target }) =>
      target === '/hang' ? does.hang() : does.later(released, does.answer({ body: target })),
  })
  t.after(() => server.close())
  const gateway = await startGateway(t, {
    servers: [server.address],
    path,
    upstream: { timeouts: { headers: '300ms' } },
    fastify: { ...serverOptions(), forceCloseConnections: false },
  })
  return { server, gateway, release }
}

testBothPaths(
  'a request that is under way is answered, and told that this is the end',
  async (t, path) => {
    const { server, gateway, release } = await setUp(t, path)
    const client = await connectRaw(gateway.address)
    t.after(() => client.close())
    client.send(get('/first'))
    await until('the request', () => server.requests[0])
    const closed = gateway.app.close()
    await until('closing', () => !gateway.app.server.listening)
    release()
    const response = await client.response()
    assert.deepEqual(
      [response.status, response.body.toString(), response.header('connection')],
      [200, '/first', 'close'],
    )
    await closed
    await until('the server is let go', () => server.connections === 0)
  },
)

testBothPaths('a request on a live connection after close is served, not 503', async (t, path) => {
  const { server, gateway, release } = await setUp(t, path)
  const [busy, other] = [await connectRaw(gateway.address), await connectRaw(gateway.address)]
  t.after(() => busy.close())
  t.after(() => other.close())
  busy.send(get('/first'))
  // Half a request: the connection is not idle, so closing leaves it.
  other.send('GET /second HTTP/1.1\r\n')
  await until('the request', () => server.requests[0])
  const closed = gateway.app.close()
  await until('closing', () => !gateway.app.server.listening)
  other.send('Host: test\r\n\r\n')
  release()
  const response = await other.response()
  assert.deepEqual(
    [response.status, response.body.toString(), response.header('connection')],
    [200, '/second', 'close'],
  )
  assert.equal((await busy.response()).status, 200)
  await closed
  await until('the server is let go', () => server.connections === 0)
})

testBothPaths(
  'limits hold while it closes: a server that hangs does not keep it',
  async (t, path) => {
    const { server, gateway } = await setUp(t, path)
    const client = await connectRaw(gateway.address)
    t.after(() => client.close())
    client.send(get('/hang'))
    await until('the request', () => server.requests[0])
    const closed = gateway.app.close()
    const response = await client.response()
    assert.deepEqual([response.status, response.header('connection')], [504, 'close'])
    await closed
  },
)

test('what was idle is closed at once', async (t) => {
  const { server, gateway, release } = await setUp(t, 'direct')
  release()
  const client = await connectRaw(gateway.address)
  t.after(() => client.close())
  client.send(get('/'))
  await client.response()
  assert.equal(server.connections, 1)
  await client.close()
  await gateway.app.close()
  await until('the server is let go', () => server.connections === 0)
})
