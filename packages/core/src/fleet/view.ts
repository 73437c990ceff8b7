import type { EjectionRecord } from './record.js'

/** The fleet as one replica knows it: who lives, and whose word counts. */
export class View {
  #replicas: ReadonlySet<string> = new Set()
  #suspects: ReadonlySet<string> = new Set()

  get replicas(): ReadonlySet<string> {
    return this.#replicas
  }

  take(replicas: readonly string[], sick: readonly string[]): void {
    this.#replicas = new Set(replicas)
    const living = sick.filter((replica) => this.#replicas.has(replica))
    this.#suspects = new Set(areSuspects(living.length, replicas.length) ? living : [])
  }

  isSuspect(replica: string): boolean {
    return this.#suspects.has(replica)
  }

  /** Whether those who saw the server fail are enough to take it out here as well. */
  upholds({ voters }: EjectionRecord, quorum: number, maxFails: number): boolean {
    let counted = 0
    let fails = 0
    for (const [replica, count] of voters) {
      if (this.isSuspect(replica)) continue
      counted += 1
      fails += count
    }
    return counted >= neededVoters(quorum, this.#replicas.size) && fails >= maxFails
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
