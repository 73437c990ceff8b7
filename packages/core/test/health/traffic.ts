import type { Lease } from '#core/attempt/lease.js'
import type { Dispatcher, Passage, PassageRules } from '#core/attempt/passage.js'
import type { UpstreamEvent } from '#core/index.js'
import { outcomes } from '#core/kernel/outcome.js'
import { createSeededRandom } from '#core/kernel/random.js'
import type { UpstreamOptions } from '#core/options/types.js'
import { Upstream } from '#core/upstream.js'
import { factsOf } from '../affinity/fixtures.js'
import { VirtualTime } from './virtual-time.js'

/** How servers are at a time: the status of an answer, or no connection. */
export type Behaviour = (address: string) => number | 'refuses'

export interface Answer {
  /** When the client had it. */
  readonly atMs: number
  /** 502 where no server would take the request, or none was left. */
  readonly status: number
  /** Who made the last attempt. */
  readonly address: string | undefined
}

const LATENCY_MS = 20

/** Clients that send GETs at an even rate through an upstream, in virtual time. */
export class Traffic {
  readonly time: VirtualTime = new VirtualTime()
  readonly upstream: Upstream
  readonly answers: Answer[] = []
  readonly events: Array<UpstreamEvent & { readonly atMs: number }> = []
  behaviour: Behaviour = () => 200
  readonly #rules: PassageRules

  constructor(options: Partial<UpstreamOptions>, seed = 1) {
    this.upstream = new Upstream(
      { name: 'shop', servers: ['a', 'b', 'c'], ...options },
      { clock: this.time, random: createSeededRandom(seed) },
    )
    this.#rules = this.upstream.rules()
    this.upstream.events.on((event) => this.events.push({ ...event, atMs: this.time.now() }))
  }

  /** Sends `perSecond` requests a second for that long, and waits for the last answer. */
  async flow(seconds: number, perSecond = 100): Promise<readonly Answer[]> {
    const from = this.answers.length
    for (let i = 0; i < seconds * perSecond; i += 1) {
      this.send()
      await this.time.pass(1000 / perSecond)
    }
    await this.time.pass(10 * LATENCY_MS)
    return this.answers.slice(from)
  }

  /** Sends one request. */
  send(target = '/'): void {
    const passage = this.upstream.admit(factsOf({ target }), this.#rules)
    const answer = (status: number): void => {
      this.answers.push({ atMs: this.time.now(), status, address: passage.server?.address })
      passage.end()
    }
    const dispatcher: Dispatcher = {
      dispatch: (lease) => {
        this.time.after(LATENCY_MS, () => this.#conclude(passage, lease, dispatcher, answer))
      },
    }
    if (!passage.begin(dispatcher)) answer(502)
  }

  #conclude(
    passage: Passage,
    lease: Lease,
    dispatcher: Dispatcher,
    answer: (status: number) => void,
  ): void {
    const came = this.behaviour(lease.server.address)
    if (came === 'refuses') {
      if (!passage.settle(lease, outcomes.refused, retryFacts(false), dispatcher)) answer(502)
      return
    }
    const next = passage.retryStatus(lease, came, retryFacts(true))
    if (next !== undefined) {
      passage.proceed(next, dispatcher)
      return
    }
    lease.answered(came)
    lease.release(outcomes.ok)
    answer(came)
  }
}

const retryFacts = (sent: boolean) =>
  ({ method: 'GET', sent, answered: false, replayable: true }) as const
