import type { Clock } from '../kernel/clock.js'
import type { EjectionRecord } from './record.js'

/**
 * A replica that the store no longer lists counts for so long all the same. A store that has lost
 * its data lists nobody but the first who speaks: that one is not to decide for all.
 */
const LINGER_MS = 2_400

const ON_LIST = Number.POSITIVE_INFINITY

/** The fleet as one replica knows it: who lives, and whose word counts. */
export class View {
  readonly #self: string
  readonly #clock: Clock
  /** When each of them went off the list. */
  readonly #replicas = new Map<string, number>()
  #suspects: ReadonlySet<string> = new Set()

  /** @param self lives, whatever the store says. */
  constructor(self: string, clock: Clock) {
    this.#self = self
    this.#clock = clock
    this.take([], [])
  }

  get replicas(): ReadonlySet<string> {
    const nowMs = this.#clock.now()
    for (const [replica, sinceMs] of this.#replicas) {
      if (nowMs - sinceMs > LINGER_MS) this.#replicas.delete(replica)
    }
    return new Set(this.#replicas.keys())
  }

  take(replicas: readonly string[], sick: readonly string[]): void {
    const listed = new Set([...replicas, this.#self])
    const nowMs = this.#clock.now()
    for (const [replica, sinceMs] of this.#replicas) {
      if (sinceMs === ON_LIST && !listed.has(replica)) this.#replicas.set(replica, nowMs)
    }
    for (const replica of listed) this.#replicas.set(replica, ON_LIST)
    const living = sick.filter((replica) => listed.has(replica))
    this.#suspects = new Set(areSuspects(living.length, listed.size) ? living : [])
  }

  isSuspect(replica: string): boolean {
    return this.#suspects.has(replica)
  }

  /** Whether those who saw the server fail are enough to take it out here as well. */
  upholds({ voters }: EjectionRecord, quorum: number, maxFails: number): boolean {
    let counted = 0
    let fails = 0
    const { replicas } = this
    let { size } = replicas
    for (const [replica, count] of voters) {
      // Somebody new, or gone: either way this replica is not alone to decide.
      if (!replicas.has(replica)) size += 1
      if (this.isSuspect(replica)) continue
      counted += 1
      fails += count
    }
    return counted >= neededVoters(quorum, size) && fails >= maxFails
  }
}

/** A quorum that a smaller fleet could never reach would mean that nothing is shared. */
export function neededVoters(quorum: number, replicas: number): number {
  return Math.max(1, Math.min(quorum, replicas))
}

/**
 * Whether replicas for which most servers fail are themselves what is wrong: not so when most
 * replicas say the same.
 */
export function areSuspects(sick: number, replicas: number): boolean {
  return sick * 2 <= replicas
}
