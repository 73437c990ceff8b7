import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Lease } from '#core/attempt/lease.js'
import { outcomes } from '#core/kernel/outcome.js'
import { createSeededRandom } from '#core/kernel/random.js'
import type { UpstreamOptions } from '#core/options/types.js'
import { Upstream } from '#core/upstream.js'
import type { UpstreamEvent } from '#core/upstream-health.js'
import { FakeClock, factsOf } from './affinity/fixtures.js'

const KEY = 'p0ZxyX3K4nqOTxfr1FvPbzkRV9aXw0vDgSk6mWcE1mA='
const NEXT_KEY = 'Zq1hVt0m7bH4n2LxkQv8sYc6TgRjWdEuAo9pFiBzX3M='
const [A, B] = ['a.example:80', 'b.example:80'] as const

interface Scene {
  readonly upstream: Upstream
  readonly clock: FakeClock
  readonly events: UpstreamEvent[]
}

function shop(more: Partial<UpstreamOptions> = {}): Scene {
  const clock = new FakeClock()
  const options: UpstreamOptions = {
    name: 'shop',
    servers: [
      { address: A, maxFails: 1 },
      { address: B, maxFails: 1 },
    ],
    retry: { on: [] },
    ...more,
  }
  const upstream = new Upstream(options, { clock, random: createSeededRandom(1) })
  const events: UpstreamEvent[] = []
  upstream.events.on((event) => void events.push(event))
  return { upstream, clock, events }
}

/** Sends one request and ends it; the server that got it. */
function send({ upstream }: Scene, ends: 'ok' | 'reset' = 'ok', cookies = ''): string | undefined {
  const passage = upstream.admit(factsOf({ cookies }), upstream.rules())
  const taken: Lease[] = []
  const dispatcher = { dispatch: (lease: Lease) => void taken.push(lease) }
  passage.begin(dispatcher)
  for (const lease of taken) {
    if (ends === 'ok') {
      lease.answered(200)
      lease.release(outcomes.ok)
    } else {
      const facts = { method: 'GET', sent: true, answered: false, replayable: true }
      passage.settle(lease, outcomes.reset, facts, dispatcher)
    }
  }
  passage.end()
  return taken[0]?.server.address
}

describe('An upstream', () => {
  it('refuses wrong options under the path that it is given', () => {
    const make = () =>
      new Upstream(
        { name: 'shop', servers: [] },
        { clock: new FakeClock(), random: createSeededRandom(1) },
        'upstreams.shop',
      )
    assert.throws(make, { code: 'HOLDFAST_OPTION', path: 'upstreams.shop.servers' })
  })

  it('tells of an ejection: what failed, how often, and until when', () => {
    const scene = shop({ servers: [{ address: A, maxFails: 2 }, B] })
    while (scene.events.length === 0) if (send(scene, 'ok') === B) send(scene, 'reset')
    const { clock } = scene
    assert.deepEqual(scene.events, [
      {
        upstream: 'shop',
        server: A,
        type: 'ejected',
        fails: { reset: 2 },
        untilMs: clock.wall() + 31_000,
      },
    ])
  })

  it('tells of the probe and of the return, and forgets the fails then', () => {
    const scene = shop()
    assert.equal(send(scene, 'reset'), A)
    scene.clock.seconds += 31
    while (scene.events.length < 3) send(scene)
    assert.deepEqual(
      scene.events.map(({ type, server }) => [type, server]),
      [
        ['ejected', A],
        ['probing', A],
        ['returned', A],
      ],
    )
    while (scene.events.length < 4) send(scene, 'reset')
    const again = scene.events[3]
    assert.deepEqual(again?.type === 'ejected' && again.fails, { reset: 1 })
  })

  it('tells of an override, and nothing more once it is closed', () => {
    const { upstream, events } = shop()
    upstream.override(A, { mode: 'drain' }, 'ann')
    assert.deepEqual(events, [
      { upstream: 'shop', server: A, type: 'override', override: { mode: 'drain' }, by: 'ann' },
    ])
    upstream.close()
    upstream.override(A, {})
    assert.equal(events.length, 1)
  })

  it('knows no server by an id that it does not have', () => {
    const { upstream } = shop()
    assert.throws(() => upstream.override('c.example:80', {}), {
      code: 'HOLDFAST_OPTION',
      path: 'server',
      value: 'c.example:80',
    })
  })

  it('balances by an overridden weight at once', () => {
    const scene = shop()
    scene.upstream.override(A, { weight: 3 })
    const answers = Array.from({ length: 8 }, () => send(scene))
    assert.equal(answers.filter((address) => address === A).length, 6)
  })

  it('keeps the health and the counters of servers that stay in the list', () => {
    const scene = shop()
    send(scene, 'reset')
    scene.upstream.update({ servers: ['c.example:80', B, { address: A, maxFails: 1 }] })
    const [c, b, a] = scene.upstream.snapshot().servers
    assert.deepEqual([c?.state, b?.state, a?.state], ['up', 'up', 'ejected'])
    assert.deepEqual([c?.requests, b?.requests, a?.requests], [0, 0, 1])
    scene.upstream.update({ servers: [B, 'c.example:80'] })
    scene.upstream.update({ servers: [A, B] })
    assert.equal(scene.upstream.snapshot().servers[0]?.requests, 0)
  })

  it('keeps no fails of the only server that is left', () => {
    const scene = shop()
    send(scene, 'reset')
    scene.upstream.update({ servers: [{ address: A, maxFails: 1 }] })
    assert.equal(scene.upstream.snapshot().servers[0]?.state, 'up')
    for (let i = 0; i < 3; i += 1) assert.equal(send(scene, 'reset'), A)
  })

  it('rejects an update as a whole, under the path update', () => {
    const scene = shop({ sticky: { cookie: 'srv_id', keys: [KEY] } })
    const { keyIds } = scene.upstream
    assert.throws(() => scene.upstream.update({ servers: [A, A], keys: [NEXT_KEY] }), {
      code: 'HOLDFAST_OPTION',
      path: 'update.servers[1]',
    })
    assert.deepEqual(scene.upstream.keyIds, keyIds)
    assert.equal(scene.upstream.servers.length, 2)
  })

  it('changes keys and servers together, and honours old cookies', () => {
    const scene = shop({ sticky: { cookie: 'srv_id', keys: [KEY] } })
    const { upstream } = scene
    const facts = factsOf()
    const server = upstream.servers[1]!
    const { binding } = upstream.admit(facts, upstream.rules())
    const line = upstream.cookie?.setCookie({ binding, server, verdict: 'new', facts })
    const cookies = line?.split(';')[0] ?? ''
    upstream.update({ servers: [B, 'c.example:80'], keys: [NEXT_KEY, KEY] })
    assert.equal(upstream.keyIds.length, 2)
    const passage = upstream.admit(factsOf({ cookies }), upstream.rules())
    assert.equal(passage.binding.server, server)
    assert.equal(passage.binding.due, true)
  })

  it('has keys to change only where it has a cookie', () => {
    for (const sticky of [undefined, { route: '$arg_r' }]) {
      const { upstream } = shop({ sticky })
      assert.throws(() => upstream.update({ keys: [KEY] }), { path: 'update.keys' })
      assert.deepEqual(upstream.keyIds, [])
    }
  })

  it('shares one retry budget between rules with the same limits', () => {
    const budget = { ratio: 0.1, minPerSecond: 1 }
    const { upstream } = shop({ retry: { budget } })
    const { retry, budget: own } = upstream.rules()
    assert.ok(own)
    assert.equal(upstream.rules().budget, own)
    assert.equal(upstream.rules({ retry: { ...retry, budget: { ...budget } } }).budget, own)
    const other = { ...retry, budget: { ratio: 0.2, minPerSecond: 1 } }
    assert.notEqual(upstream.rules({ retry: other }).budget, own)
    assert.equal(upstream.rules({ retry: { ...retry, budget: undefined } }).budget, undefined)
  })

  it('hashes by the key that the request has', () => {
    const scene = shop({ balance: { hash: '$cookie_id' } })
    const home = send(scene, 'ok', 'id=1')
    for (let i = 0; i < 5; i += 1) assert.equal(send(scene, 'ok', 'id=1'), home)
  })
})
