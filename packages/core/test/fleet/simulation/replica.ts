import type { Lease } from '#core/attempt/lease.js'
import type { Dispatcher, Passage } from '#core/attempt/passage.js'
import { Fleet } from '#core/fleet/fleet.js'
import type { Member } from '#core/fleet/member.js'
import type { Clock } from '#core/kernel/clock.js'
import { outcomes } from '#core/kernel/outcome.js'
import { createSeededRandom } from '#core/kernel/random.js'
import type { Server } from '#core/servers/server.js'
import { Upstream } from '#core/upstream.js'
import type { UpstreamEvent } from '#core/upstream-health.js'
import { factsOf } from '../../affinity/fixtures.js'
import type { EventQueue } from './event-queue.js'
import type { Link } from './network.js'

/** How an attempt ends, as the world decides. */
export interface Fate {
  readonly ok: boolean
  readonly afterMs: number
}

export interface ReplicaOptions {
  readonly name: string
  readonly addresses: readonly string[]
  readonly maxFails: number
  readonly failTimeoutS: number
  readonly quorum: number
  /** Undefined for one on its own. */
  readonly link: Link | undefined
  readonly queue: EventQueue
  /** How far its wall clock is off. */
  readonly skewMs: number
  /** How an attempt on this server ends. `key` names the attempt, the same in every run. */
  readonly fateOf: (replica: Replica, server: Server, key: string) => Fate
}

/** What a replica does, for those who watch it. */
export interface Watcher {
  event(replica: Replica, event: UpstreamEvent): void
  attempt(replica: Replica, lease: Lease, isProbe: boolean): void
  end(replica: Replica, lease: Lease, fate: Fate): void
  served(replica: Replica, passage: Passage, bound: string | undefined): void
}

/** A gateway without its network: a real upstream in a real fleet, and simulated requests. */
export class Replica {
  readonly name: string
  readonly upstream: Upstream
  readonly member: Member | undefined
  isAlive = true
  isPoisoned = false
  readonly link: Link | undefined
  readonly #options: ReplicaOptions
  readonly #watcher: Watcher
  readonly #rules
  #isProbe = false

  constructor(options: ReplicaOptions, watcher: Watcher) {
    const { name, addresses, maxFails, failTimeoutS, queue, skewMs, link, quorum } = options
    this.name = name
    this.link = link
    this.#options = options
    this.#watcher = watcher
    const clock: Clock = {
      // Every process counts from its own start.
      now: () => queue.nowMs + AGE_MS,
      wall: () => START_MS + queue.nowMs + skewMs,
    }
    this.upstream = new Upstream(
      {
        name: UPSTREAM,
        servers: addresses.map((address) => ({
          address,
          maxFails,
          failTimeout: `${failTimeoutS}s`,
        })),
        sticky: { cookie: 'srv', value: 'text' },
        // The last resort is no probe, and would hide what is one.
        failOpen: false,
      },
      { clock, random: createSeededRandom(1) },
    )
    this.upstream.events.on((event) => {
      if (event.type === 'probing') this.#isProbe = true
      watcher.event(this, event)
    })
    this.#rules = this.upstream.rules()
    if (link === undefined) return
    const timers = {
      after: (ms: number, fn: () => void) =>
        queue.after(ms, () => {
          if (!this.isAlive) return
          queue.wake()
          fn()
        }),
    }
    const fleet = new Fleet(
      { replica: name, quorum },
      { store: link, clock, timers, onChange: () => {} },
    )
    this.member = this.upstream.join(fleet)
  }

  /** A client sends a request; `bound` is the server of its session. */
  request(key: string, bound: string | undefined): void {
    const facts = factsOf(bound === undefined ? {} : { cookies: `srv=${bound}` })
    const passage = this.upstream.admit(facts, this.#rules)
    const dispatcher: Dispatcher = {
      dispatch: (lease) => this.#dispatch(passage, lease, dispatcher, key, bound),
    }
    this.#isProbe = false
    passage.begin(dispatcher)
  }

  #dispatch(
    passage: Passage,
    lease: Lease,
    dispatcher: Dispatcher,
    key: string,
    bound: string | undefined,
  ): void {
    const { queue, fateOf } = this.#options
    const fate = fateOf(this, lease.server, `${key} ${passage.leases.length}`)
    this.#watcher.attempt(this, lease, this.#isProbe)
    this.#isProbe = false
    queue.after(fate.afterMs, () => {
      if (!this.isAlive) return
      this.#watcher.end(this, lease, fate)
      if (fate.ok) {
        lease.answered(200)
        lease.release(outcomes.ok)
      } else {
        const facts = { method: 'GET', sent: false, answered: false, replayable: true }
        if (passage.settle(lease, outcomes.refused, facts, dispatcher)) return
      }
      passage.end()
      this.#watcher.served(this, passage, bound)
    })
  }
}

export const UPSTREAM = 'shop'
/** What every process's own clock shows when the world begins. */
export const AGE_MS = 5_000
export const START_MS = Date.UTC(2026, 0, 1)
