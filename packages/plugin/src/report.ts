import { type MoveReason, sessionLabel, type Verdict } from '@holdfast/core'
import type { Exchange } from './exchange.js'

/** How a request fared so far: `request.holdfast`, for hooks of the gateway's own. */
export interface RequestReport {
  /** The upstream's name. */
  readonly upstream: string
  /** Every dispatch in order, as nginx's `$upstream_addr` and `$upstream_status`. */
  readonly attempts: readonly AttemptReport[]
  /** Where the request's binding came from. */
  readonly affinity: 'cookie' | 'route' | 'learned' | 'key' | 'none'
  /** Undefined where nothing binds. */
  readonly verdict: Verdict | undefined
  readonly moved: MoveReason | undefined
  /** A short hash that names the session in logs; undefined where the cookie names none. */
  readonly session: string | undefined
}

export interface AttemptReport {
  /** The server's address. */
  readonly address: string
  /** The status of its answer, or what the failed attempt stands for; 0 while there is none. */
  readonly status: number
  /** Milliseconds from dispatch to the head of the answer. */
  readonly timeMs: number
}

export function reportOf({ registration, passage, session }: Exchange): RequestReport {
  return {
    upstream: registration.upstream.name,
    attempts: passage.leases.map(({ server, status, timeMs }) => ({
      address: server.address,
      status,
      timeMs: Math.round(timeMs * 1000) / 1000,
    })),
    affinity: passage.affinity,
    verdict: passage.verdict,
    moved: passage.moved,
    session: session === undefined ? undefined : sessionLabel(session),
  }
}
