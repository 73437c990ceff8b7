import type { Timers } from '../kernel/clock.js'
import type { FleetNews } from './record.js'
import type { Answer, Message, Store } from './store.js'

/** How the store is: `new` before its first answer or failure. */
export type StoreHealth = 'new' | 'up' | 'down'

export interface InsuredPorts {
  readonly timers: Timers
  /** Is told once of every change, with what the store said when it failed. */
  readonly onChange: (health: 'up' | 'down', cause: unknown) => void
}

/** An exchange is given up after so long; nobody waits for it, so this may be generous. */
const EXCHANGE_MS = 1_000
/** Without an answer about a probe by then the local rule applies. */
const LEASE_ANSWER_MS = 100

/**
 * A store that always answers in time. Where the one behind it does not, the answer is what a
 * replica on its own would know: no news, and every probe is its own to make.
 */
export class InsuredStore implements Store {
  /** Exchanges and leases that failed or came too late. */
  failures = 0
  readonly #store: Store
  readonly #ports: InsuredPorts
  #health: StoreHealth = 'new'

  constructor(store: Store, ports: InsuredPorts) {
    this.#store = store
    this.#ports = ports
  }

  get health(): StoreHealth {
    return this.#health
  }

  async exchange(upstream: string, message: Message): Promise<Answer | undefined> {
    try {
      const answer = await this.#within(EXCHANGE_MS, () => this.#store.exchange(upstream, message))
      if (answer === undefined) throw new Error(`no answer within ${EXCHANGE_MS} ms`)
      this.#turn('up', undefined)
      return answer
    } catch (cause) {
      this.failures += 1
      this.#turn('down', cause)
      return undefined
    }
  }

  async lease(upstream: string, server: string, replica: string): Promise<number> {
    if (this.#health !== 'up') return 0
    try {
      const waitMs = await this.#within(LEASE_ANSWER_MS, () =>
        this.#store.lease(upstream, server, replica),
      )
      if (waitMs !== undefined) return waitMs
    } catch {
      // The next exchange tells whether the store is down or was only slow.
    }
    this.failures += 1
    return 0
  }

  subscribe(upstream: string, listener: (news: FleetNews) => void): () => void {
    return this.#store.subscribe(upstream, listener)
  }

  close(): void {
    this.#store.close()
  }

  #turn(health: 'up' | 'down', cause: unknown): void {
    if (this.#health === health) return
    this.#health = health
    this.#ports.onChange(health, cause)
  }

  /** What `ask` brings, or undefined when that takes too long. */
  #within<T>(ms: number, ask: () => Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const cancel = this.#ports.timers.after(ms, () => resolve(undefined))
      ask().then(
        (value) => {
          cancel()
          resolve(value)
        },
        (cause: unknown) => {
          cancel()
          reject(cause)
        },
      )
    })
  }
}
