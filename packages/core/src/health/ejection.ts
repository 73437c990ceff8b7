import type { Pool } from '../servers/pool.js'
import type { Server } from '../servers/server.js'

/** How long ejections last, and how many there may be at a time. */
export interface EjectionRules {
  /** Whole seconds that the ejection that `server` begins now is to last. */
  lengthS(server: Server): number
  /** Whether `server` may be taken out beside those that are out already. */
  hasRoom(server: Server, nowS: number): boolean
}

/** Every ejection lasts for `failTimeout`, and all servers may be out (nginx/semantics 4.2). */
export const nginxEjection: EjectionRules = {
  lengthS: (server) => server.config.failTimeoutS,
  hasRoom: () => true,
}

/** What an upstream's option `ejection` says, parsed. */
export interface EjectionConfig {
  /** By how much each ejection in a row lasts longer than the one before; 1 or more. */
  readonly backoff: number
  readonly capMs: number | undefined
  /** Of the servers of the pool, backups included; above 0, up to 1. */
  readonly maxShare: number
}

/**
 * Ejections that grow and are limited, as Envoy's outlier detection has them. The limit holds back
 * new ejections only: a server whose probe fails stays out even if others have gone meanwhile.
 */
export class Ejection implements EjectionRules {
  readonly #backoff: number
  readonly #capS: number
  readonly #maxShare: number
  #servers: readonly Server[] = []
  #most = 1

  constructor({ backoff, capMs, maxShare }: EjectionConfig) {
    this.#backoff = backoff
    this.#capS = capMs === undefined ? LONGEST_S : capMs / 1000
    this.#maxShare = maxShare
  }

  /** Takes a new membership. */
  follow(pool: Pool): void {
    this.#servers = pool.servers
    this.#most = Math.max(1, Math.floor(this.#maxShare * pool.servers.length + ROUNDING))
  }

  lengthS({ config, ejectionsInARow }: Pick<Server, 'config' | 'ejectionsInARow'>): number {
    const grown = Math.floor(config.failTimeoutS * this.#backoff ** (ejectionsInARow - 1))
    return Math.min(grown, this.#capS)
  }

  hasRoom(server: Server, nowS: number): boolean {
    let out = 0
    for (const other of this.#servers) if (other !== server && other.ejected(nowS)) out += 1
    return out < this.#most
  }
}

// 0.57 of 100 servers are 56.99999999999999 in binary.
const ROUNDING = 1e-9

// Without a cap growth ends here: a year, and far from where whole numbers are no longer exact.
const LONGEST_S = 31_536_000
