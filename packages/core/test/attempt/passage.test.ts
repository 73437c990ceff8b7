import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Lease } from '#core/attempt/lease.js'
import type { Passage } from '#core/attempt/passage.js'
import type { RetryFacts } from '#core/attempt/retry-policy.js'
import { outcomes } from '#core/kernel/outcome.js'
import { createSeededRandom } from '#core/kernel/random.js'
import type { UpstreamOptions } from '#core/options/types.js'
import { type AdmitRules, Upstream } from '#core/upstream.js'
import { FakeClock, factsOf } from '../affinity/fixtures.js'

const [A, B, C] = ['a.example:80', 'b.example:80', 'c.example:80'] as const

/** A request on its way, by hand. */
class Ride {
  readonly passage: Passage
  readonly leases: Lease[] = []
  readonly begun: boolean

  constructor(upstream: Upstream, cookies = '', own: AdmitRules = {}) {
    this.passage = upstream.admit(factsOf({ cookies }), upstream.rules(own))
    this.begun = this.passage.begin(this)
  }

  dispatch(lease: Lease): void {
    this.leases.push(lease)
  }

  get lease(): Lease {
    const lease = this.leases.at(-1)
    if (lease === undefined) throw new Error('nothing was sent')
    return lease
  }

  get servers(): string[] {
    return this.leases.map(({ server }) => server.address)
  }

  fail(outcome = outcomes.refused, facts: Partial<RetryFacts> = {}): boolean {
    return this.passage.settle(this.lease, outcome, this.facts(facts), this)
  }

  answer(status: number, facts: Partial<RetryFacts> = {}): boolean {
    const next = this.passage.retryStatus(this.lease, status, this.facts(facts))
    if (next === undefined) {
      this.lease.answered(status)
      this.lease.release(outcomes.ok)
      this.passage.end()
      return false
    }
    this.passage.proceed(next, this)
    return true
  }

  facts(more: Partial<RetryFacts> = {}): RetryFacts {
    return { method: 'GET', sent: true, answered: false, replayable: true, ...more }
  }
}

function shop(more: Partial<UpstreamOptions> = {}): { upstream: Upstream; clock: FakeClock } {
  const clock = new FakeClock()
  const options: UpstreamOptions = {
    name: 'shop',
    servers: [A, B, C],
    sticky: { cookie: 'srv_id', value: 'text' },
    retry: { on: ['error', 'timeout', 403, 503] },
    ...more,
  }
  return { upstream: new Upstream(options, { clock, random: createSeededRandom(1) }), clock }
}

const states = (upstream: Upstream) => upstream.snapshot().servers.map(({ state }) => state)

describe('A passage', () => {
  it('goes where the binding says, and has kept it', () => {
    const ride = new Ride(shop().upstream, `srv_id=${B}`)
    assert.deepEqual(ride.servers, [B])
    assert.equal(ride.passage.verdict, 'kept')
    assert.equal(ride.passage.affinity, 'cookie')
  })

  it('without a binding is new where something binds, and nothing where nothing does', () => {
    const bindable = new Ride(shop().upstream)
    assert.equal(bindable.passage.verdict, 'new')
    const free = new Ride(shop({ sticky: undefined }).upstream)
    assert.equal(free.passage.verdict, undefined)
    const opted = new Ride(shop().upstream, `srv_id=${B}`, { sticky: false })
    assert.equal(opted.passage.verdict, undefined)
    assert.deepEqual(opted.servers, [A])
  })

  it('says that a key placed it', () => {
    const hashed = new Ride(shop({ balance: { hash: '$host' } }).upstream)
    assert.equal(hashed.passage.affinity, 'key')
    assert.equal(new Ride(shop({ balance: 'ip-hash' }).upstream).passage.affinity, 'key')
    assert.equal(new Ride(shop().upstream).passage.affinity, 'none')
  })

  it('moves on after a fail, and each server gets it once', () => {
    const ride = new Ride(shop({ retry: { tries: 0, budget: false } }).upstream, `srv_id=${B}`)
    assert.equal(ride.fail(outcomes.reset), true)
    assert.equal(ride.passage.moved, 'failed')
    assert.equal(ride.fail(outcomes.reset), true)
    assert.equal(ride.fail(outcomes.reset), false)
    assert.deepEqual([...ride.servers].sort(), [A, B, C])
    assert.equal(ride.servers[0], B)
  })

  it('ends when its tries are spent; what was never sent costs none', () => {
    const { upstream } = shop({ retry: { tries: 2, budget: false } })
    const sent = new Ride(upstream)
    assert.deepEqual([sent.fail(outcomes.reset), sent.fail(outcomes.reset)], [true, false])
    const unsent = new Ride(upstream)
    const refused = () => unsent.fail(outcomes.refused, { sent: false })
    assert.deepEqual([refused(), refused(), refused()], [true, true, false])
  })

  it('ends when the budget is spent; what was never sent costs nothing of it', () => {
    const { upstream } = shop({ retry: { budget: { ratio: 0, minPerSecond: 1 } } })
    assert.equal(new Ride(upstream).fail(outcomes.refused, { sent: false }), true)
    assert.equal(new Ride(upstream).fail(outcomes.reset), true)
    assert.equal(new Ride(upstream).fail(outcomes.reset), false)
  })

  it('ends when the request has become too old', () => {
    const { upstream, clock } = shop({ retry: { timeout: '5s' } })
    const ride = new Ride(upstream)
    clock.seconds += 5
    assert.equal(ride.fail(), false)
  })

  it('throws a listed status away and asks another server', () => {
    const { upstream } = shop()
    const ride = new Ride(upstream)
    assert.equal(ride.answer(503), true)
    assert.equal(ride.leases[0]?.released, true)
    assert.equal(ride.leases[0]?.status, 503)
    assert.equal(ride.answer(200), false)
    const [a, b] = upstream.snapshot().servers
    assert.equal(a?.fails.status, 1)
    assert.equal(a?.responses['5xx'], 0)
    assert.equal(b?.responses['2xx'], 1)
    assert.equal(b?.requests, 1)
  })

  it('takes 403 to another server without blaming the first', () => {
    const { upstream } = shop()
    const ride = new Ride(upstream)
    assert.equal(ride.answer(403), true)
    assert.equal(upstream.snapshot().servers[0]?.fails.status, 0)
  })

  it("gives the client the last server's answer, which is no fail", () => {
    const { upstream } = shop({ retry: { on: [503], tries: 0, budget: false } })
    const ride = new Ride(upstream)
    assert.deepEqual([ride.answer(503), ride.answer(503), ride.answer(503)], [true, true, false])
    const { servers } = upstream.snapshot()
    assert.deepEqual(
      servers.map(({ fails }) => fails.status),
      [1, 1, 0],
    )
    assert.equal(servers[2]?.responses['5xx'], 1)
  })

  it('with fallback false ends at the server it is bound to', () => {
    const sticky = { cookie: 'srv_id', value: 'text', fallback: false } as const
    const { upstream } = shop({ sticky })
    assert.equal(new Ride(upstream, `srv_id=${B}`).fail(outcomes.reset), false)
    upstream.override(B, { mode: 'down' })
    const refused = new Ride(upstream, `srv_id=${B}`)
    assert.equal(refused.begun, false)
    assert.equal(refused.passage.moved, 'down')
    // A removed server is no binding.
    assert.equal(new Ride(upstream, 'srv_id=x.example:80').begun, true)
  })

  it('is counted once, by its verdict, at the server that had it last', () => {
    const { upstream } = shop()
    new Ride(upstream).answer(200)
    new Ride(upstream, `srv_id=${A}`).answer(200)
    new Ride(upstream, 'srv_id=x.example:80').answer(200)
    new Ride(upstream, '', { sticky: false }).answer(200)
    const { affinity, servers } = upstream.snapshot()
    assert.deepEqual(affinity, { kept: 1, new: 1, moved: { removed: 1 }, none: 1 })
    assert.equal(
      servers.reduce((sum, { requests }) => sum + requests, 0),
      4,
    )
  })

  it('that found no server is counted nowhere', () => {
    const { upstream } = shop()
    upstream.update({ servers: [A, B, C].map((address) => ({ address, down: true })) })
    const ride = new Ride(upstream)
    assert.equal(ride.begun, false)
    ride.passage.end()
    assert.equal(ride.passage.server, undefined)
    assert.deepEqual(upstream.snapshot().affinity, { kept: 0, new: 0, moved: {}, none: 0 })
  })
})

describe('With every server ejected a passage', () => {
  function ejected(more: Partial<UpstreamOptions> = {}): { upstream: Upstream; clock: FakeClock } {
    const servers = [A, B, C].map((address) => ({ address, maxFails: 1 }))
    const scene = shop({ servers, retry: { on: [] }, ...more })
    for (const address of [C, A, B]) {
      new Ride(scene.upstream, `srv_id=${address}`).fail(outcomes.reset)
      scene.clock.seconds += 1
    }
    assert.deepEqual(states(scene.upstream), ['ejected', 'ejected', 'ejected'])
    return scene
  }

  it('tries the bound one, which is no move', () => {
    const ride = new Ride(ejected().upstream, `srv_id=${B}`)
    assert.deepEqual(ride.servers, [B])
    assert.equal(ride.passage.verdict, 'kept')
  })

  it('without a binding tries the one whose ejection ends first', () => {
    assert.deepEqual(new Ride(ejected().upstream).servers, [C])
  })

  it('never tries one that is down or drained, unless a draining one is its own', () => {
    const { upstream } = ejected()
    upstream.override(C, { mode: 'down' })
    upstream.override(A, { mode: 'drain' })
    assert.deepEqual(new Ride(upstream).servers, [B])
    assert.deepEqual(new Ride(upstream, `srv_id=${C}`).servers, [B])
    assert.deepEqual(new Ride(upstream, `srv_id=${A}`).servers, [A])
  })

  it('with failOpen false ends at once', () => {
    const { upstream } = ejected({ failOpen: false })
    assert.equal(new Ride(upstream).begun, false)
    assert.equal(new Ride(upstream, `srv_id=${B}`).begun, false)
  })
})
