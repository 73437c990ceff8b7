import assert from 'node:assert/strict'
import { Agent, get } from 'node:http'
import { test } from 'node:test'
import { serverOptions } from '@holdfast/plugin'
import { startAppServer } from '#fixtures/app-server.js'
import { answer, later } from '#fixtures/behaviour.js'
import { startFaultServer } from '#fixtures/fault-server.js'
import { startGateway } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { startLoad, summarise } from '#fixtures/load.js'
import { connectRaw, get as getText } from '#fixtures/raw-client.js'
import { spawnRollingGateway } from '#fixtures/rolling-gateway.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

const RESTARTS = 20

test(`SIGTERM under load: ${RESTARTS} restarts, no answer but 200, no request lost`, async (t) => {
  const apps = await Promise.all(['a', 'b', 'c'].map((name) => startAppServer({ name })))
  t.after(() => Promise.all(apps.map((app) => app.stop())))
  const gateway = await spawnRollingGateway({
    servers: apps.map(({ address }) => address),
    deadline: '100ms',
  })
  t.after(() => gateway.stop())
  const load = startLoad({ address: gateway.address, sessions: 20, ratePerS: 300 })
  // The first requests of a client go out together, before it has a cookie.
  await until('all clients have theirs', () => load.results.length >= 300, { deadlineMs: 10_000 })
  const settledMs = Math.max(...load.results.map(({ startedMs }) => startedMs)) + 500
  for (let done = 0; done < RESTARTS; done += 1) await gateway.restart()
  const results = await load.stop()
  const summary = summarise(results)
  assert.deepEqual(summary.byError, {})
  assert.deepEqual(Object.keys(summary.byStatus), ['200'])
  const settled = summarise(results.filter(({ startedMs }) => startedMs > settledMs))
  for (const servers of settled.serversBySession.values()) assert.equal(servers.length, 1)
  t.diagnostic(
    `${RESTARTS} restarts, ${summary.count} requests: 0 non-2xx, 0 errors, 0 sessions moved, p99 ${summary.p99Ms.toFixed(1)} ms`,
  )
})

test('while it drains, a request in flight ends, and one on a live connection is served', async (t) => {
  let release: () => void = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const server = await startFaultServer({
    script: ({ target }) =>
      target === '/slow' ? later(released, answer({ body: 'slow' })) : answer({ body: 'quick' }),
  })
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [server.address], fastify: serverOptions() })
  const slow = await connectRaw(gateway.address)
  const live = await connectRaw(gateway.address)
  t.after(() => {
    slow.abort()
    live.abort()
  })
  live.send(getText('/quick'))
  await live.response()
  slow.send(getText('/slow'))
  await until('the slow request is there', () => server.requests.length === 2)
  const drained = gateway.app.holdfast.drain({ deadline: '5s' })
  live.send(getText('/quick'))
  const served = await live.response()
  assert.equal(served.status, 200)
  assert.match(served.head.lines.join('\n'), /connection: close/i)
  await live.closed()
  release()
  const last = await slow.response()
  assert.equal(last.body.toString(), 'slow')
  assert.match(last.head.lines.join('\n'), /connection: close/i)
  assert.equal(await drained, true)
})

test('a drain without a proper deadline is refused', async (t) => {
  const gateway = await startGateway(t, { servers: ['127.0.0.1:1'] })
  await assert.rejects(
    gateway.app.holdfast.drain({ deadline: '5' }),
    /deadline: must be a duration/,
  )
})

test('after close() a live connection is still answered, where serverOptions() are used', async (t) => {
  const app = await startAppServer({ name: 'a' })
  t.after(() => app.stop())
  let release: () => void = () => {}
  const gateway = await startGateway(t, {
    servers: [app.address],
    fastify: { ...serverOptions(), forceCloseConnections: false },
    prepare: (fastify) => {
      fastify.addHook(
        'preClose',
        () =>
          new Promise<void>((resolve) => {
            release = resolve
          }),
      )
    },
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  const status = (): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      get(`http://${gateway.address}/`, { agent }, (response) => {
        response.resume()
        response.on('end', () => resolve(response.statusCode))
      }).on('error', reject)
    })
  assert.equal(await status(), 200)
  const closed = gateway.app.close()
  assert.equal(await status(), 200, 'without the option this is 503')
  release()
  await closed
})
