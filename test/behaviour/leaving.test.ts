import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createGunzip } from 'node:zlib'
import { startAppServer } from '#fixtures/app-server.js'
import { superviseDaemon } from '#fixtures/daemon.js'
import { startGateway } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { freePort } from '#fixtures/ports.js'
import { connectRaw, exchange, get, post } from '#fixtures/raw-client.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

for (const hook of ['onRequest', 'preParsing', 'preHandler'] as const) {
  test(`a client that leaves while a hook (${hook}) is at work asks no server, and is not waited for`, async (t) => {
    const app = await startAppServer({ name: 'a' })
    t.after(() => app.stop())
    let entered = false
    let release: () => void = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const gateway = await startGateway(t, {
      servers: [app.address],
      prepare: (fastify) => {
        fastify.addHook(hook as 'onRequest', async (request) => {
          if (request.url !== '/held') return
          entered = true
          await released
        })
      },
    })
    const client = await connectRaw(gateway.address)
    client.send(post('/held', 'a=1', 'Content-Type: text/plain'))
    await until('the hook is at work', () => entered)
    client.abort()
    await until('the gateway saw it go', async () => {
      const open = await new Promise<number>((resolve) => {
        gateway.app.server.getConnections((_error, count) => resolve(count))
      })
      return open === 0
    })
    release()
    assert.equal((await exchange(gateway.address, get('/', 'Connection: close'))).status, 200)
    assert.equal(gateway.attempts(), 1, 'the one of the client that stayed')
    assert.equal(await gateway.app.holdfast.drain({ deadline: '2s' }), true)
  })
}

test('a body that a hook of the gateway cannot unpack is 400, and the next request is fine', async (t) => {
  const app = await startAppServer({ name: 'a' })
  t.after(() => app.stop())
  const gateway = await startGateway(t, {
    servers: [app.address],
    prepare: (fastify) => {
      fastify.addHook('preParsing', async (request, _reply, payload) => {
        if (request.headers['content-encoding'] !== 'gzip') return payload
        return payload.pipe(createGunzip())
      })
    },
  })
  const junk = await exchange(
    gateway.address,
    post('/', 'no gzip at all', 'Content-Encoding: gzip', 'Connection: close'),
  )
  assert.equal(junk.status, 400)
  assert.equal(JSON.parse(junk.body.toString()).code, 'HOLDFAST_BAD_BODY')
  assert.equal(gateway.fails(), 0)
  assert.equal((await exchange(gateway.address, get('/', 'Connection: close'))).status, 200)
})

test('a server that is to be spoken to in TLS from now on gets no plain text any more', async (t) => {
  const app = await startAppServer({ name: 'plain' })
  t.after(() => app.stop())
  const gateway = await startGateway(t, { servers: [app.address] })
  assert.equal((await exchange(gateway.address, get('/', 'Connection: close'))).status, 200)
  gateway.app.holdfast.get('test').update([`https://${app.address}`])
  assert.equal((await exchange(gateway.address, get('/', 'Connection: close'))).status, 502)
})

test('a gateway that is told to end drains and closes, though nobody keeps it alive', async (t) => {
  const app = await startAppServer({ name: 'a' })
  t.after(() => app.stop())
  const port = await freePort()
  const entry = fileURLToPath(new URL('../fixtures/gateway-process.js', import.meta.url))
  const options = { port, servers: [app.address], deadline: '5s', alone: true }
  const child = spawn(process.execPath, [entry, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const gateway = await superviseDaemon(child, ({ output }) => output().includes('listening'))
  t.after(() => gateway.stop())
  const exited = once(child, 'exit')
  await exchange(`127.0.0.1:${port}`, get('/', 'Connection: close'))
  gateway.signal('SIGTERM')
  assert.deepEqual(await exited, [0, null])
  assert.match(gateway.output(), /closed/)
})
