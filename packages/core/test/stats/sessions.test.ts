import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Dispatcher } from '#core/attempt/passage.js'
import { outcomes } from '#core/kernel/outcome.js'
import { createSeededRandom } from '#core/kernel/random.js'
import type { CookieOptions, UpstreamOptions } from '#core/options/types.js'
import { SessionSketch } from '#core/stats/sketch.js'
import { Upstream } from '#core/upstream.js'

function shop(more: Partial<CookieOptions> = {}) {
  let nowMs = 0
  const clock = { now: () => nowMs, wall: () => 1_700_000_000_000 + nowMs }
  const upstream = new Upstream(
    {
      name: 'shop',
      servers: ['a:80', 'b:80'],
      sticky: {
        cookie: 'srv',
        keys: ['sessions are counted by this'],
        ...more,
      },
    },
    { clock, random: createSeededRandom(3) },
  )
  const rules = upstream.rules()
  const dispatcher: Dispatcher = {
    dispatch: (lease) => {
      lease.answered(200)
      lease.release(outcomes.ok)
    },
  }
  return {
    upstream,
    wait: (ms: number) => {
      nowMs += ms
    },
    /** One request; returns its cookie for the next. */
    visit(cookie = ''): string {
      const facts = {
        method: 'GET',
        target: '/',
        host: 'shop',
        scheme: 'http',
        remoteAddress: '10.0.0.1',
        cookies: cookie,
        header: () => '',
      }
      const passage = upstream.admit(facts as never, rules)
      passage.begin(dispatcher)
      const { server, binding, verdict = 'new' } = passage
      assert.ok(server)
      const line = upstream.cookie?.setCookie({ binding, server, verdict, facts: facts as never })
      passage.end()
      return line === undefined ? cookie : (line.split(';')[0] ?? '')
    },
    sessions: () => counted(upstream),
  }
}

function counted(upstream: Upstream): number[] {
  return upstream.snapshot().servers.map(({ sessions }) => {
    const sketch = new SessionSketch()
    assert.ok(sessions !== null && sketch.uniteText(sessions))
    return Math.round(sketch.estimate())
  })
}

test('a server has the sessions that it was given, however often they come', () => {
  const { visit, sessions } = shop()
  const cookies = Array.from({ length: 20 }, () => visit())
  for (const cookie of cookies) for (let i = 0; i < 3; i += 1) visit(cookie)
  assert.deepEqual(sessions(), [10, 10])
})

test('a session that does not come again is had for the idle time of its cookie', () => {
  const { visit, sessions, wait } = shop({ idle: '3m' })
  visit()
  wait(180_000)
  assert.deepEqual(sessions(), [1, 0])
  wait(60_000)
  assert.deepEqual(sessions(), [0, 0])
})

test('learned sessions are had for their timeout; where sessions have no names there is no number', () => {
  let nowMs = 0
  const clock = { now: () => nowMs, wall: () => nowMs }
  const servers = ['a:80']
  const build = (sticky: UpstreamOptions['sticky']): Upstream =>
    new Upstream({ name: 'shop', servers, sticky }, { clock, random: createSeededRandom(3) })
  const upstream = build({
    learn: { create: '$upstream_cookie_sid', lookup: '$cookie_sid', timeout: '3m' },
  })
  const server = upstream.servers[0]
  assert.ok(server)
  for (const id of ['one', 'two', 'two']) {
    const headers = ['set-cookie', `sid=${id}`]
    upstream.learn?.learn({} as never, server, { status: 200, headers, firstChunk: undefined })
  }
  assert.deepEqual(counted(upstream), [2])
  nowMs = 240_000
  assert.deepEqual(counted(upstream), [0])
  const plain = build({ cookie: 'srv', value: 'md5' })
  assert.equal(plain.snapshot().servers[0]?.sessions, null)
})

test('a session that keeps coming is had for as long as it comes', () => {
  const { visit, sessions, wait } = shop()
  const cookie = visit()
  for (let hours = 0; hours < 3; hours += 0.1) {
    visit(cookie)
    visit(cookie)
    assert.deepEqual(sessions(), [1, 0])
    wait(360_000)
  }
})

test('a session that is served elsewhere for a while is had there as well', () => {
  const { upstream, visit, sessions } = shop({ rebind: 'never' })
  const cookie = visit()
  visit(cookie)
  upstream.override('a:80', { mode: 'down' })
  visit(cookie)
  visit(cookie)
  assert.deepEqual(sessions(), [1, 1])
})
