import type { ReplicaSnapshot, ServerSnapshot, UpstreamSnapshot } from '@holdfast/core'
import type { UpstreamReading } from '../snapshots/parse.js'
import type { Steps } from '../turns.js'
import { affinityRow, type Row, serverRow } from './rows.js'

/** What is kept of a server's snapshot beside its counters: what holds now. */
export type Report = Pick<
  ServerSnapshot,
  | 'address'
  | 'incarnation'
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

/**
 * Reads what a replica says of an upstream.
 * @param before what it said last: its spare rows are written over, the rest stays as it is.
 */
export function* readLedger(upstream: UpstreamReading, before?: Ledger): Steps<Ledger> {
  const servers = new Map<string, Entry>()
  for (const server of upstream.servers) {
    const old = before?.servers.get(server.id)
    const row = serverRow(server, old?.spare)
    servers.set(server.id, { row, spare: old?.row, report: reportOf(server, old?.report) })
    yield
  }
  const { balance, sticky, affinity } = upstream
  return { facts: { balance, sticky }, servers, affinity: affinityRow(affinity) }
}

/** @param before is given back where nothing has changed: fifty thousand a second are garbage. */
function reportOf(server: ServerSnapshot, before: Report | undefined): Report {
  const { address, incarnation, state, weight, effectiveWeight, backup, maxFails } = server
  const { failTimeoutS, override = null, active, tunnels, ejectedUntil, sessions } = server
  const isSame =
    before !== undefined &&
    before.active === active &&
    before.tunnels === tunnels &&
    before.state === state &&
    before.effectiveWeight === effectiveWeight &&
    before.weight === weight &&
    before.ejectedUntil === ejectedUntil &&
    before.sessions === sessions &&
    before.address === address &&
    before.incarnation === incarnation &&
    before.backup === backup &&
    before.maxFails === maxFails &&
    before.failTimeoutS === failTimeoutS &&
    before.override?.mode === override?.mode &&
    before.override?.weight === override?.weight
  if (isSame) return before
  return {
    address,
    ...(incarnation !== undefined && { incarnation }),
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
    // The same text again need not be kept twice.
    sessions: before?.sessions === sessions ? before.sessions : sessions,
  }
}
