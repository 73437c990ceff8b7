import type { FailKind } from '../kernel/outcome.js'
import type { Mode } from '../servers/server.js'
import type { StatusClass } from './counters.js'
import type { LatencySnapshot } from './histogram.js'

/**
 * Version 1 of what a replica tells of itself: plain JSON, the only thing that gateways and the
 * sidecar share. Times are wall milliseconds since 1970.
 */
export interface ReplicaSnapshot {
  readonly version: 1
  readonly replica: string
  /** The version of the package that runs there. */
  readonly package: string
  /** Equal on replicas with the same options. */
  readonly configHash: string
  /** The first bytes that name the cookie keys, newest first; never the keys. */
  readonly keyIds: readonly number[]
  readonly startedAt: number
  readonly at: number
  readonly store: StoreState
  readonly upstreams: readonly UpstreamSnapshot[]
}

/** Whether the fleet's store answers; `none` when there is no fleet. */
export type StoreState = 'none' | 'up' | 'down'

export interface UpstreamSnapshot {
  readonly name: string
  readonly balance: string
  readonly sticky: 'cookie' | 'route' | 'learn' | null
  readonly servers: readonly ServerSnapshot[]
  readonly affinity: AffinitySnapshot
}

/** What the operator wants of a server where that is not `up`, else its health. */
export type ServerState = 'up' | 'ejected' | 'probing' | 'drain' | 'down'

export interface ServerSnapshot extends ServerTotals {
  readonly id: string
  readonly address: string
  readonly state: ServerState
  readonly weight: number
  /** What failures (nginx/semantics 3.1) and a slow start leave of the weight. */
  readonly effectiveWeight: number
  readonly backup: boolean
  /** As configured; older replicas do not tell, nor the three after it. */
  readonly incarnation?: number
  readonly maxFails?: number
  readonly failTimeoutS?: number
  /** What an operator has said of it; null where its configuration holds. */
  readonly override?: OverrideSnapshot | null
  /** From when on it may be tried again; null unless its fails, and not checks, keep it out. */
  readonly ejectedUntil: number | null
  /**
   * A sketch of the sessions that came within the cookie's `idle`, or 15 minutes, or the `timeout`
   * of learned ones, as text; null where sessions have no names, as in nginx's cookies and routes.
   */
  readonly sessions: string | null
}

export interface OverrideSnapshot {
  readonly mode?: Mode
  readonly weight?: number
}

/** The part of a server's snapshot that adds up over replicas. */
export interface ServerTotals {
  readonly active: number
  readonly tunnels: number
  readonly attempts: number
  readonly retries: number
  readonly requests: number
  readonly responses: Counts<StatusClass>
  readonly fails: Counts<FailKind>
  readonly ejections: number
  /** Those and the ones that too many servers out prevented; older replicas do not tell. */
  readonly ejectionsDetected?: number
  readonly latency: LatencySnapshot
  readonly bytes: Counts<'in' | 'out'>
}

export interface AffinitySnapshot {
  readonly kept: number
  readonly new: number
  /** By the reason; one that never occurred may be missing. */
  readonly moved: Counts<string>
  readonly none: number
}

export type Counts<Key extends string> = { readonly [key in Key]: number }
