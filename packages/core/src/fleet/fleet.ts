import type { Clock, Timers } from '../kernel/clock.js'
import { InsuredStore, type StoreHealth } from './insured-store.js'
import { type FleetUpstream, Member } from './member.js'
import { encodeSnapshot } from './snapshot-text.js'
import type { Board, Store } from './store.js'
import { StoreClock } from './store-clock.js'

export interface FleetConfig {
  /** This replica's name in the fleet. */
  readonly replica: string
  /** Replicas that must see a server fail before the others believe it. */
  readonly quorum: number
}

export interface FleetPorts {
  readonly store: Store & Board
  readonly clock: Clock
  readonly timers: Timers
  /** Is told once of every change of the store's health. */
  readonly onChange: (health: 'up' | 'down', cause: unknown) => void
}

/** How often a replica shows itself, where the fleet is not so large that it takes turns. */
const POST_MS = 1_000
/** All replicas of a fleet together post no more than a hundred times a second. */
const POST_MS_PER_REPLICA = 10

/** One replica's part in its fleet: a member for each upstream, and its snapshot on the board. */
export class Fleet {
  readonly replica: string
  readonly #config: FleetConfig
  readonly #ports: FleetPorts
  readonly #store: InsuredStore
  readonly #storeClock: StoreClock
  readonly #members = new Set<Member>()
  #stopPosting: () => void = () => {}
  #posting = false
  #closed = false

  constructor(config: FleetConfig, ports: FleetPorts) {
    this.replica = config.replica
    this.#config = config
    this.#ports = ports
    this.#store = new InsuredStore(ports.store, ports)
    this.#storeClock = new StoreClock(ports.clock)
  }

  get health(): StoreHealth {
    return this.#store.health
  }

  /** Exchanges and leases so far that the store failed to answer in time. */
  get failures(): number {
    return this.#store.failures
  }

  /** Wall time as the fleet has it: a replica whose clock is off reads cookies like the others. */
  wall(): number {
    return this.#storeClock.wall()
  }

  /** Shares the health of one more upstream. */
  join(upstream: FleetUpstream): Member {
    const { clock, timers } = this.#ports
    const member = new Member(upstream, {
      ...this.#config,
      store: this.#store,
      storeClock: this.#storeClock,
      clock,
      timers,
    })
    this.#members.add(member)
    return member
  }

  /** Resolves when every upstream has heard from the store, or that there is none to hear from. */
  async ready(): Promise<void> {
    await Promise.all([...this.#members].map((member) => member.ready))
  }

  /** From now on puts what `take` returns on the fleet's board, once a second. */
  post(take: () => unknown): void {
    if (this.#closed) return
    const replicas = Math.max(0, ...[...this.#members].map(({ view }) => view.replicas.size))
    const everyMs = Math.max(POST_MS, POST_MS_PER_REPLICA * replicas)
    if (this.#store.health === 'up' && !this.#posting) void this.#post(take, everyMs)
    this.#stopPosting = this.#ports.timers.after(everyMs, () => this.post(take))
  }

  /** Leaves the fleet. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#stopPosting()
    await Promise.all([...this.#members].map((member) => member.close()))
    this.#store.close()
  }

  async #post(take: () => unknown, everyMs: number): Promise<void> {
    this.#posting = true
    try {
      const text = encodeSnapshot(take())
      await this.#ports.store.post(this.replica, text, 3 * everyMs + POST_MS)
    } catch {
      // The exchanges, which are made as often, tell how the store is.
    }
    this.#posting = false
  }
}
