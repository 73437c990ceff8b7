import { type MoveReason, outcomes, sessionLabel, type Verdict } from '@holdfast/core'
import type { Exchange } from './exchange.js'

/** How a request fared so far: `request.holdfast`, for hooks of the gateway's own. */
export interface RequestReport {
  /** The upstream's name. */
  readonly upstream: string
  /** Every dispatch in order, as nginx's `$upstream_addr` and `$upstream_status`. */
  readonly attempts: readonly AttemptReport[]
  /** Where the request's binding came from. */
  readonly affinity: 'cookie' | 'route' | 'learn' | 'key' | 'none'
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
  /** How it failed: `refused`, `reset`, `head-timeout`, ...; absent where it brought an answer. */
  readonly error?: string
}

export function reportOf({ registration, passage, session }: Exchange): RequestReport {
  return {
    upstream: registration.upstream.name,
    attempts: passage.leases.map(({ server, status, timeMs, outcome }) => ({
      address: server.address,
      status,
      timeMs: Math.round(timeMs * 1000) / 1000,
      ...(outcome !== undefined && outcome !== outcomes.ok && { error: outcome.name }),
    })),
    affinity: passage.affinity,
    verdict: passage.verdict,
    moved: passage.moved,
    session: session === undefined ? undefined : sessionLabel(session),
  }
}

/** What the log and the diagnostics channel are told of a request that has ended. */
export interface RequestRecord {
  /** The client's, by the gateway's rules of trust. */
  readonly remoteAddr: string
  readonly upstream: string
  /** One element an attempt, as in nginx; so are the next two. */
  readonly upstreamAddr: readonly string[]
  readonly upstreamStatus: readonly number[]
  readonly upstreamTimeMs: readonly number[]
  /** How attempts failed, null for one that did not; absent where none did. */
  readonly upstreamError?: readonly (string | null)[]
  readonly affinity: RequestReport['affinity']
  readonly verdict?: Verdict
  readonly moved?: MoveReason
  /** The address of the server that a moved request was bound to, while that is a member. */
  readonly from?: string
  readonly session?: string
  /** Seconds since the session's cookie was first issued. */
  readonly bindingAgeS?: number
}

export function recordOf(exchange: Exchange): RequestRecord {
  const { attempts, upstream, affinity, verdict, moved, session } = reportOf(exchange)
  const { binding, facts } = exchange.passage
  const { issuedS } = binding.session ?? {}
  const from = moved && binding.server?.address
  return {
    remoteAddr: facts.remoteAddress,
    upstream,
    upstreamAddr: attempts.map(({ address }) => address),
    upstreamStatus: attempts.map(({ status }) => status),
    upstreamTimeMs: attempts.map(({ timeMs }) => timeMs),
    ...(attempts.some(({ error }) => error !== undefined) && {
      upstreamError: attempts.map(({ error }) => error ?? null),
    }),
    affinity,
    ...(verdict && { verdict }),
    ...(moved && { moved }),
    ...(from && { from }),
    ...(session && { session }),
    ...(issuedS && {
      bindingAgeS: Math.max(0, exchange.registration.gateway.wallS() - issuedS),
    }),
  }
}
