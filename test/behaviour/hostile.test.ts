/** Clients that mean harm, or send whatever comes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { startFaultServer } from '#fixtures/fault-server.js'
import { startGateway } from '#fixtures/gateway.js'
import {
  cookieBombs,
  cookiesTooLarge,
  framingAttacks,
  inParallel,
  say,
  smuggled,
  socketNoise,
} from '#fixtures/hostile.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { exchange, get } from '#fixtures/raw-client.js'

failOnLeaks()

const KEY = 'a key of the test, long enough for it'

test('no mutation of Transfer-Encoding smuggles a request, or goes on with two framings', async (t) => {
  const server = await startFaultServer()
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [server.address] })
  const statuses = new Set<number>()
  await inParallel(framingAttacks, async (request) => {
    for (const status of await say(gateway.address, request)) statuses.add(status)
  })
  assert.equal(framingAttacks.length, 10 * 161 * 2)
  assert.deepEqual(smuggled(server.requests), [])
  for (const status of statuses) assert.ok(status === 200 || status === 400, String(status))
})

test('whatever bytes come, there is no 5xx, no crash, and the next request is served', async (t) => {
  const server = await startFaultServer()
  t.after(() => server.close())
  const gateway = await startGateway(t, {
    servers: [server.address],
    upstream: { sticky: { cookie: 'srv', keys: [KEY] } },
    fastify: { keepAliveTimeout: 20 },
  })
  await fc.assert(
    fc.asyncProperty(socketNoise, async (bytes) => {
      for (const status of await say(gateway.address, bytes)) {
        assert.ok(status < 500 || status === 501 || status === 505, String(status))
      }
    }),
    { numRuns: 500 },
  )
  assert.equal((await exchange(gateway.address, get('/'))).status, 200)
  assert.equal(gateway.active(), 0)
})

test('a cookie bomb is 431, or read in linear time', async (t) => {
  const server = await startFaultServer()
  t.after(() => server.close())
  const gateway = await startGateway(t, {
    servers: [server.address],
    upstream: { sticky: { cookie: 'srv', keys: [KEY] } },
  })
  const timed = async (cookie: string): Promise<{ status: number; tookMs: number }> => {
    const started = performance.now()
    const { status } = await exchange(gateway.address, get('/', `Cookie: ${cookie}`))
    return { status, tookMs: performance.now() - started }
  }
  await timed('a=b')
  for (const bomb of cookieBombs) {
    const runs = [await timed(bomb), await timed(bomb), await timed(bomb)]
    assert.ok(
      runs.every(({ status }) => status === 200),
      bomb.slice(0, 20),
    )
    const tookMs = Math.min(...runs.map((run) => run.tookMs))
    assert.ok(tookMs < 60, `${tookMs} ms for ${bomb.slice(0, 20)}`)
  }
  for (const cookie of cookiesTooLarge) assert.equal((await timed(cookie)).status, 431)
})
