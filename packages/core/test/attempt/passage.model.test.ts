import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Lease } from '#core/attempt/lease.js'
import type { Dispatcher, Passage, PassageRules } from '#core/attempt/passage.js'
import type { RetryFacts } from '#core/attempt/retry-policy.js'
import { type Outcome, outcomes } from '#core/kernel/outcome.js'
import { createSeededRandom } from '#core/kernel/random.js'
import type { BalanceOptions, ServerOptions, UpstreamOptions } from '#core/options/types.js'
import type { Server } from '#core/servers/server.js'
import { Upstream } from '#core/upstream.js'
import { FakeClock, factsOf } from '../affinity/fixtures.js'

const LIVES = 10_000
const RUNS = 800
const ACTIONS = 120

const addresses = ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}.example:80`)

const balances: readonly BalanceOptions[] = [
  'round-robin',
  'least-conn',
  'random',
  'random-two',
  'ip-hash',
  { hash: '$arg_key' },
  { hash: '$arg_key', consistent: false, whenEmpty: 'round-robin' },
  { hash: '$arg_key', loadFactor: 1.25 },
]

/** Any list of servers, in any state. */
const serverList = fc.uniqueArray(fc.constantFrom(...addresses), { minLength: 1 }).chain((list) =>
  fc.tuple(
    ...list.map((address) =>
      fc.record<ServerOptions>({
        address: fc.constant(address),
        weight: fc.integer({ min: 1, max: 5 }),
        maxFails: fc.integer({ min: 0, max: 2 }),
        maxConns: fc.constantFrom(0, 0, 1, 2),
        down: fc.constantFrom(false, false, false, true),
        drain: fc.constantFrom(false, false, false, true),
        incarnation: fc.constantFrom(0, 0, 0, 1),
      }),
    ),
  ),
)

const options: fc.Arbitrary<UpstreamOptions> = fc.record({
  name: fc.constant('shop'),
  servers: serverList,
  balance: fc.constantFrom(...balances),
  sticky: fc.record({
    cookie: fc.constant('srv_id'),
    value: fc.constant('text' as const),
    fallback: fc.boolean(),
  }),
  retry: fc.record({
    on: fc.constantFrom(
      ['error', 'timeout', 503] as const,
      ['error', 'timeout', 'non-idempotent', 503] as const,
      ['error'] as const,
      [] as const,
    ),
    tries: fc.integer({ min: 0, max: 4 }),
    budget: fc.constantFrom(false as const, { ratio: 0.2, minPerSecond: 3 }),
  }),
  failOpen: fc.boolean(),
})

const ends = ['ok', '503', 'refused', 'reset', 'timeout', 'stale', 'abort', 'cut'] as const

const action = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('request' as const),
      method: fc.constantFrom('GET', 'GET', 'POST'),
      bound: fc.option(fc.constantFrom(...addresses), { nil: undefined }),
      key: fc.constantFrom('', 'x', 'y'),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('go on' as const),
      which: fc.nat(),
      end: fc.constantFrom(...ends),
      replayable: fc.constantFrom(true, true, false),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('update' as const), servers: serverList }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('override' as const),
      which: fc.nat(),
      mode: fc.constantFrom(undefined, 'drain' as const, 'down' as const, 'up' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), s: fc.nat(20) }) },
)

/** The ends of an attempt that brought no answer. */
const failures = {
  refused: { outcome: outcomes.refused, sent: false },
  reset: { outcome: outcomes.reset, sent: true },
  timeout: { outcome: outcomes.headTimeout, sent: true },
  stale: { outcome: outcomes.stale, sent: true },
}

type Action = typeof action extends fc.Arbitrary<infer T> ? T : never

/** One request, as the transport lives it; what must never happen is asserted on the way. */
class Life implements Dispatcher {
  readonly passage: Passage
  readonly #rules: PassageRules
  readonly #method: string
  #lease: Lease | undefined
  #answered = false
  #sent = 0
  over = false

  constructor(upstream: Upstream, rules: PassageRules, wish: Extract<Action, { do: 'request' }>) {
    this.#rules = rules
    this.#method = wish.method
    const cookies = wish.bound === undefined ? '' : `srv_id=${wish.bound}`
    const facts = factsOf({ method: wish.method, target: `/?key=${wish.key}`, cookies })
    this.passage = upstream.admit(facts, rules)
  }

  begin(nowS: number): void {
    const bound = this.passage.binding.server
    const free = bound !== undefined && bound.obstacle(nowS) === undefined
    if (!this.passage.begin(this)) {
      assert.ok(!free, 'a bound request was refused although its server is available')
      this.#finish()
    } else if (free) {
      assert.equal(this.passage.leases[0]?.server, bound, 'the bound server was passed over')
      assert.equal(this.passage.verdict, 'kept')
    }
  }

  dispatch(lease: Lease): void {
    assert.equal(lease.released, false)
    assert.equal(this.#lease, undefined, 'two attempts at the same time')
    this.#lease = lease
    const servers = this.passage.leases.map(({ server }) => server)
    assert.equal(new Set(servers).size, servers.length, 'a server was tried twice')
    const { server: bound } = this.passage.binding
    if (!this.#rules.fallback && bound !== undefined) assert.deepEqual(servers, [bound])
  }

  get holds(): Server | undefined {
    return this.#lease?.server
  }

  goOn({ end, replayable }: Pick<Extract<Action, { do: 'go on' }>, 'end' | 'replayable'>): void {
    const lease = this.#lease
    assert.ok(lease !== undefined)
    if (this.#answered || end === 'abort') this.#release(lease, end)
    else if (end === 'ok' || end === 'cut') this.#status(lease, 200, replayable)
    else if (end === '503') this.#status(lease, 503, replayable)
    else {
      const { sent, outcome } = failures[end]
      this.#fail(lease, outcome, { sent, replayable: replayable || !sent })
    }
  }

  #status(lease: Lease, status: number, replayable: boolean): void {
    const facts = this.#facts({ sent: true, replayable })
    const next = this.passage.retryStatus(lease, status, facts)
    if (next === undefined) {
      assert.equal(lease.released, false)
      lease.answered(status)
      this.#answered = true
      return
    }
    assert.equal(lease.released, true)
    this.#mayGoOn(facts)
    this.#lease = undefined
    this.passage.proceed(next, this)
  }

  #fail(lease: Lease, outcome: Outcome, how: Pick<RetryFacts, 'sent' | 'replayable'>): void {
    this.#lease = undefined
    const facts = this.#facts(how)
    const goesOn = this.passage.settle(lease, outcome, facts, this)
    assert.equal(lease.released, true)
    if (goesOn) this.#mayGoOn(facts)
    else this.#finish()
  }

  #mayGoOn({ sent, replayable }: RetryFacts): void {
    const { tries, nonIdempotent } = this.#rules.retry
    if (sent) this.#sent += 1
    assert.ok(tries === 0 || this.#sent < tries, `${this.#sent} tries spent of ${tries}`)
    assert.ok(replayable, 'a body was to be sent again that is gone')
    assert.ok(!sent || this.#method === 'GET' || nonIdempotent, 'a POST was sent twice')
  }

  #release(lease: Lease, end: (typeof ends)[number]): void {
    this.#lease = undefined
    lease.release(end === 'abort' ? outcomes.aborted : end === 'cut' ? outcomes.cut : outcomes.ok)
    this.#finish()
  }

  #finish(): void {
    this.over = true
    this.passage.end()
    for (const lease of this.passage.leases) {
      assert.equal(lease.released, true)
      assert.throws(() => lease.release(outcomes.ok))
    }
  }

  #facts(how: Pick<RetryFacts, 'sent' | 'replayable'>): RetryFacts {
    return { method: this.#method, answered: false, ...how }
  }
}

describe('Any request through any upstream, whatever happens', () => {
  it(`gives back what it took, keeps to its limits, and goes home first (${LIVES} lives)`, () => {
    let lived = 0
    fc.assert(
      fc.property(
        options,
        // Any length, so that what fails can be shrunk.
        fc.array(action, { maxLength: ACTIONS, size: 'max' }),
        (options, actions) => {
          const clock = new FakeClock()
          const upstream = new Upstream(options, { clock, random: createSeededRandom(1) })
          const rules = upstream.rules()
          const everyone = new Set(upstream.servers)
          let open: Life[] = []
          for (const step of actions) {
            act(step)
            open = open.filter(({ over }) => !over)
            for (const server of everyone) {
              const held = open.filter(({ holds }) => holds === server).length
              assert.equal(server.active, held, `${server.address}: ${held} leases`)
            }
          }
          for (const life of open) {
            while (!life.over) life.goOn({ end: 'ok', replayable: true })
          }
          for (const server of everyone) assert.equal(server.active, 0)

          function act(step: Action): void {
            switch (step.do) {
              case 'request': {
                const life = new Life(upstream, rules, step)
                open.push(life)
                lived += 1
                life.begin(Math.floor(clock.now() / 1000))
                return
              }
              case 'go on':
                open.at(step.which % Math.max(1, open.length))?.goOn(step)
                return
              case 'update':
                upstream.update({ servers: step.servers })
                for (const server of upstream.servers) everyone.add(server)
                return
              case 'override': {
                const server = upstream.servers[step.which % upstream.servers.length]
                const mode = step.mode === undefined ? {} : { mode: step.mode }
                upstream.override(server?.config.id ?? '', mode, 'model', { force: true })
                return
              }
              case 'wait':
                clock.seconds += step.s
            }
          }
        },
      ),
      { numRuns: RUNS },
    )
    assert.ok(lived >= LIVES, `only ${lived} lives`)
  })
})
