import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SessionSketch } from '@holdfast/core'
import Fastify, { type FastifyInstance, type LightMyRequestResponse } from 'fastify'
import { stats } from '#stats/index.js'
import { ADMIN, bearer, FakeGateway, READ, serveGateway } from './fixtures/gateway.js'

const SERVER = '/api/v1/upstreams/shop/servers/shop-1'

async function post(
  app: FastifyInstance,
  payload: object,
  query = '',
): Promise<LightMyRequestResponse> {
  const url = `${SERVER}${query}`
  return await app.inject({ method: 'POST', url, payload, headers: bearer(ADMIN) })
}

function sketchOf(...ids: readonly string[]): string {
  const sketch = new SessionSketch()
  for (const id of ids) sketch.add(id)
  return sketch.toText()
}

describe('An operator', () => {
  test('drains a server, which is told to the gateway with who wanted it', async (t) => {
    const { app, gateway } = await serveGateway(t)
    const response = await post(app, { state: 'drain', by: 'ada' })
    assert.equal(response.statusCode, 200)
    assert.equal(response.json().state, 'drain')
    const [word] = gateway.words
    assert.deepEqual(word, {
      upstream: 'shop',
      id: 'shop-1',
      state: 'drain',
      weight: undefined,
      ttl: undefined,
      by: 'ada@127.0.0.1',
    })
  })

  test('gives a weight, and what was said before still holds', async (t) => {
    const { app, gateway } = await serveGateway(t)
    await post(app, { state: 'drain' })
    await post(app, { weight: 7 })
    assert.deepEqual([gateway.words[1]?.state, gateway.words[1]?.weight], ['drain', 7])
  })

  test('gives a server back to its configuration', async (t) => {
    const { app, gateway } = await serveGateway(t)
    await post(app, { state: 'down', weight: 2 })
    const response = await app.inject({ method: 'DELETE', url: SERVER, headers: bearer(ADMIN) })
    assert.equal(response.json().state, 'up')
    assert.deepEqual([gateway.words[1]?.state, gateway.words[1]?.weight], [undefined, undefined])
  })

  test('may say for how long; then the configuration holds again', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { app, gateway } = await serveGateway(t)
    await post(app, { state: 'drain', ttl: '10m' })
    assert.equal(gateway.words[0]?.ttl, '600000ms')
    t.mock.timers.tick(600_000)
    t.mock.timers.reset()
    await app.inject({ url: SERVER, headers: bearer(READ) })
    assert.equal(gateway.words[1]?.state, undefined)
    assert.equal(gateway.words[1]?.by, 'its time limit')
  })

  test('finds what was done in the timeline, once, with who did it', async (t) => {
    const { app } = await serveGateway(t)
    await post(app, { state: 'drain', by: 'ada' })
    const { events } = (await app.inject({ url: '/api/v1/events', headers: bearer(READ) })).json()
    const drains = events.filter(({ type }: { type: string }) => type === 'drain')
    assert.equal(drains.length, 1)
    assert.equal(drains[0].by, 'ada@127.0.0.1')
    assert.deepEqual([drains[0].upstream, drains[0].server], ['shop', 'shop-1'])
  })

  test('finds what was done in the log, with who wanted it and no token', async (t) => {
    const lines: string[] = []
    const app = Fastify({ logger: { stream: { write: (line: string) => lines.push(line) } } })
    t.after(() => app.close())
    await app.register(stats, { gateway: new FakeGateway(), tokens: { admin: ADMIN } })
    await post(app, { state: 'drain', by: 'ada' })
    const said = lines.map((line) => JSON.parse(line)).find(({ override }) => override)
    assert.deepEqual(
      [said?.upstream, said?.server, said?.override, said?.by],
      ['shop', 'shop-1', { mode: 'drain' }, 'ada@127.0.0.1'],
    )
    assert.ok(!lines.join('').includes(ADMIN))
  })

  test('is asked twice before the last server goes', async (t) => {
    const { app, gateway } = await serveGateway(t)
    await app.inject({
      method: 'POST',
      url: SERVER.replace('shop-1', 'shop-2'),
      payload: { state: 'down' },
      headers: bearer(ADMIN),
    })
    const refused = await post(app, { state: 'drain' })
    assert.equal(refused.statusCode, 409)
    assert.equal(refused.json().code, 'HOLDFAST_LAST_SERVER')
    assert.equal(gateway.words.length, 1)
    assert.equal((await post(app, { state: 'drain', force: true })).statusCode, 200)
  })

  for (const [what, payload] of Object.entries({
    nothing: {},
    'a state that is none': { state: 'off' },
    'a weight of nothing': { weight: 0 },
    'half a weight': { weight: 1.5 },
    'a weight as text': { weight: '3' },
    'a limit without a unit': { state: 'drain', ttl: '600' },
    'a limit of a century': { state: 'drain', ttl: '36500d' },
    'a field of its own': { state: 'drain', forse: true },
    'a name with a line end': { state: 'drain', by: 'ada\nroot' },
    'a long name': { state: 'drain', by: 'a'.repeat(65) },
    'the prototype': JSON.parse('{"__proto__":{"state":"drain"}}'),
  })) {
    test(`who says ${what} is told what is wrong, and nothing happens`, async (t) => {
      const { app, gateway } = await serveGateway(t)
      const response = await post(app, payload)
      assert.equal(response.statusCode, 400)
      assert.ok(response.json().message.length > 10)
      assert.deepEqual(gateway.words, [])
    })
  }

  test('is told of servers and upstreams that there are not', async (t) => {
    const { app, gateway } = await serveGateway(t)
    for (const path of ['shop/servers/shop-9', 'shoe/servers/shop-1', '__proto__/servers/x']) {
      const url = `/api/v1/upstreams/${path}`
      const payload = { state: 'drain' }
      const response = await app.inject({ method: 'POST', url, payload, headers: bearer(ADMIN) })
      assert.equal(response.statusCode, 404, path)
    }
    assert.deepEqual(gateway.words, [])
  })
})

describe('Whether a server may be stopped', () => {
  const report = async (app: FastifyInstance, query = '') =>
    (await app.inject({ url: `${SERVER}/drain${query}`, headers: bearer(READ) })).json()

  test('is told with the sessions that are left, how far that may be off, and what is open', async (t) => {
    const { app, gateway } = await serveGateway(t)
    gateway.sessions = sketchOf('0123456789abcdef', 'fedcba9876543210')
    gateway.active = 1
    gateway.tunnels = 2
    assert.deepEqual(await report(app), {
      state: 'up',
      sessionsLeft: 2,
      sessionsError: 1,
      activeRequests: 1,
      tunnels: 2,
      safeToStop: false,
    })
  })

  test('is not as long as it takes new sessions, however empty it is', async (t) => {
    const { app } = await serveGateway(t)
    assert.equal((await report(app)).safeToStop, false)
    await post(app, { state: 'drain' })
    assert.equal((await report(app)).safeToStop, true)
  })

  for (const [what, change] of Object.entries({
    'a session': { sessions: sketchOf('0123456789abcdef') },
    'a request': { active: 1 },
    'a tunnel': { tunnels: 1 },
  })) {
    test(`is not as long as ${what} is left`, async (t) => {
      const { app, gateway } = await serveGateway(t)
      Object.assign(gateway, change)
      await post(app, { state: 'drain' })
      assert.equal((await report(app)).safeToStop, false)
    })
  }

  test('does not wait for sessions of a server that is down: they move, stopped or not', async (t) => {
    const { app, gateway } = await serveGateway(t)
    gateway.sessions = sketchOf('0123456789abcdef')
    await post(app, { state: 'down' })
    assert.deepEqual([(await report(app)).sessionsLeft, (await report(app)).safeToStop], [1, true])
  })

  test('is told when every replica has heard of it, not before', async (t) => {
    const { app, gateway } = await serveGateway(t)
    const now = gateway.get.bind(gateway)
    let isHeard = false
    gateway.get = (upstream) => ({
      ...now(upstream),
      override: (...word) => {
        setTimeout(() => {
          isHeard = true
          now(upstream).override(...word)
        }, 300)
      },
    })
    const response = await post(app, { state: 'drain' })
    assert.equal(isHeard, true)
    assert.equal(response.json().state, 'drain')
  })

  test('can be waited for, so that one call drains and waits', async (t) => {
    const { app, gateway } = await serveGateway(t)
    gateway.active = 1
    const waiting = post(app, { state: 'drain' }, '?wait=10s')
    setTimeout(() => {
      gateway.active = 0
    }, 50)
    const response = await waiting
    assert.deepEqual([response.statusCode, response.json().safeToStop], [200, true])
  })

  test('is answered when the wait is over, yes or no', async (t) => {
    const { app, gateway } = await serveGateway(t)
    gateway.active = 1
    assert.equal((await post(app, { state: 'drain' }, '?wait=20ms')).json().safeToStop, false)
    assert.equal((await report(app, '?wait=20ms')).safeToStop, false)
    const wrong = await app.inject({ url: `${SERVER}/drain?wait=soon`, headers: bearer(READ) })
    assert.equal(wrong.statusCode, 400)
  })

  test('is answered at once when the sidecar closes', async (t) => {
    const { app, gateway } = await serveGateway(t)
    gateway.active = 1
    const waiting = report(app, '?wait=10m')
    await new Promise((resolve) => setImmediate(resolve))
    await app.close()
    assert.equal((await waiting).safeToStop, false)
  })
})
