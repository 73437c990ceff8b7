import type { ReplicaSnapshot, ServerSnapshot, UpstreamSnapshot } from '@holdfast/core'
import type { Row } from './rows.js'

/** What is kept of a server's snapshot beside its counters: what holds now. */
export type Report = Pick<
  ServerSnapshot,
  | 'address'
  | 'state'
  | 'weight'
  | 'effectiveWeight'
  | 'backup'
  | 'maxFails'
  | 'failTimeoutS'
  | 'override'
  | 'active'
  | 'tunnels'
  | 'ejectedUntil'
  | 'sessions'
>

/** A replica without its upstreams. */
export type ReplicaFacts = Omit<ReplicaSnapshot, 'upstreams'>

/** One server as one replica counted it last. */
export interface Entry {
  readonly row: Row
  /** Its row before; the next one is written over it, as fifty thousand a second would be waste. */
  readonly spare: Row | undefined
  readonly report: Report
}

/** One upstream as one replica counted it last. */
export interface Ledger {
  readonly facts: Pick<UpstreamSnapshot, 'balance' | 'sticky'>
  /** In the order of the replica's configuration. */
  readonly servers: ReadonlyMap<string, Entry>
  readonly affinity: Row
}

/**
 * - `live`: its snapshots come.
 * - `silent`: they stopped coming; it may be gone, or cut off.
 * - `replaced`: a process of the same name has started since.
 */
export type Presence = 'live' | 'silent' | 'replaced'

/** One life of a replica, from its start to its end: counters begin at 0 with it. */
export interface Life {
  readonly key: string
  facts: ReplicaFacts
  presence: Presence
  /** On the sidecar's own clock, as a replica's may be wrong. */
  seenMs: number
  readonly ledgers: Map<string, Ledger>
}

export function lifeKey({ replica, startedAt }: ReplicaFacts): string {
  return `${startedAt} ${replica}`
}

export function reportOf(server: ServerSnapshot): Report {
  const { address, state, weight, effectiveWeight, backup, maxFails, failTimeoutS } = server
  const { override = null, active, tunnels, ejectedUntil, sessions } = server
  return {
    address,
    state,
    weight,
    effectiveWeight,
    backup,
    ...(maxFails !== undefined && { maxFails }),
    ...(failTimeoutS !== undefined && { failTimeoutS }),
    override,
    active,
    tunnels,
    ejectedUntil,
    sessions,
  }
}
