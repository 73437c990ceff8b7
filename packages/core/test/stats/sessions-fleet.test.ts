import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outcomes } from '#core/kernel/outcome.js'
import { createSeededRandom } from '#core/kernel/random.js'
import { SessionSketch } from '#core/stats/sketch.js'
import { Upstream } from '#core/upstream.js'
import { cookieOf, FakeClock, factsOf } from '../affinity/fixtures.js'

const SESSIONS = 6_000
const REPLICAS = 3

function replica(clock: FakeClock, seed: number): Upstream {
  return new Upstream(
    {
      name: 'shop',
      servers: [{ address: 'a:80', weight: 4 }, 'b:80', 'c:80'],
      sticky: { cookie: 'srv', keys: ['the same on every replica'], idle: '15m' },
    },
    { clock, random: createSeededRandom(seed) },
  )
}

/** One request; the cookie to come back with, and the server that answered. */
function visit(upstream: Upstream, cookies: string): { cookies: string; server: string } {
  const facts = factsOf({ cookies })
  const passage = upstream.admit(facts, upstream.rules())
  passage.begin({ dispatch: (lease) => lease.release(outcomes.ok) })
  const { server, binding, verdict = 'new' } = passage
  assert.ok(server)
  const line = upstream.cookie?.setCookie({ binding, server, verdict, facts })
  passage.end()
  return { cookies: line === undefined ? cookies : cookieOf(line), server: server.address }
}

test('the sessions of a server over all replicas are told within 5 %, each counted once', () => {
  const clock = new FakeClock()
  const replicas = Array.from({ length: REPLICAS }, (_, i) => replica(clock, i + 1))
  const truth = new Map<string, number>()
  for (let i = 0; i < SESSIONS; i += 1) {
    let cookies = ''
    // Each comes through two of the three.
    for (const turn of [i, i + 1]) {
      const upstream = replicas[turn % REPLICAS]
      assert.ok(upstream)
      const seen = visit(upstream, cookies)
      if (cookies === '') truth.set(seen.server, (truth.get(seen.server) ?? 0) + 1)
      cookies = seen.cookies
    }
  }
  assert.equal(truth.size, 3)
  for (const [address, count] of truth) {
    const united = new SessionSketch()
    for (const upstream of replicas) {
      const server = upstream.snapshot().servers.find((one) => one.address === address)
      assert.ok(server?.sessions !== undefined && server.sessions !== null)
      assert.ok(united.uniteText(server.sessions))
    }
    const estimate = united.estimate()
    assert.ok(Math.abs(estimate - count) <= 0.05 * count, `${address}: ${estimate} for ${count}`)
  }

  clock.seconds += 20 * 60
  for (const upstream of replicas) {
    for (const { sessions } of upstream.snapshot().servers) assert.equal(sessions, '')
  }
})

test('where the cookie names no session there is no count of them', () => {
  const upstream = new Upstream(
    { name: 'shop', servers: ['a:80', 'b:80'], sticky: { cookie: 'srv', value: 'md5' } },
    { clock: new FakeClock(), random: createSeededRandom(1) },
  )
  visit(upstream, '')
  assert.ok(upstream.snapshot().servers.every(({ sessions }) => sessions === null))
})
