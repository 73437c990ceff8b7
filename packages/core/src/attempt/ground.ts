import type { UpstreamConfig } from '../config.js'
import type { Clock } from '../kernel/clock.js'
import type { Picker } from '../picker/picker.js'
import { Rebalancer } from '../rebalance/rebalancer.js'
import { createPool, type Pool } from '../servers/pool.js'
import type { Selection } from '../servers/selection.js'
import type { Server } from '../servers/server.js'
import type { UpstreamCounters } from '../stats/counters.js'
import type { PassageGround } from './passage.js'

/** What passages see of their upstream: always the newest membership. */
export class Ground implements PassageGround {
  readonly failOpen: boolean
  readonly counters: UpstreamCounters
  readonly record: PassageGround['record']
  readonly rebalancer: Rebalancer | undefined
  readonly #clock: Clock
  #pool: Pool = createPool([])
  #picker: Picker | undefined

  constructor(
    config: UpstreamConfig,
    clock: Clock,
    counters: UpstreamCounters,
    record: PassageGround['record'],
  ) {
    this.failOpen = config.failOpen
    this.counters = counters
    this.record = record
    this.rebalancer = config.rebalance && new Rebalancer(config.rebalance, clock)
    this.#clock = clock
  }

  get pool(): Pool {
    return this.#pool
  }

  pick(selection: Selection, nowS: number): Server | undefined {
    return this.#picker?.pick(selection, nowS)
  }

  charge(server: Server, selection: Selection, nowS: number): void {
    this.#picker?.charge(server, selection, nowS)
  }

  follow(pool: Pool, picker: Picker): void {
    this.#pool = pool
    this.#picker = picker
    this.rebalancer?.follow(pool)
    // A lone server keeps no fails (nginx/semantics 4.2), those of a larger list included.
    if (pool.single) for (const server of pool.primaries) server.fails = 0
  }

  nowMs(): number {
    return this.#clock.now()
  }
}
