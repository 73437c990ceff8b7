import type {
  AffinitySnapshot,
  OverrideSnapshot,
  ServerSnapshot,
  ServerState,
  UpstreamSnapshot,
} from '@holdfast/core'
import type { Presence, ReplicaFacts } from '../registry/life.js'
import type { LatencyView, RecentView } from '../registry/merged-server.js'
import type { Slot } from '../registry/merged-upstream.js'

/** One server over all replicas: the snapshot's shape, its numbers added up. */
export interface ServerView extends Omit<ServerSnapshot, 'sessions' | 'override'> {
  readonly override: OverrideSnapshot | null
  /** How many replicas see it in which state; those with 0 are left out. */
  readonly states: Readonly<Partial<Record<ServerState, number>>>
  readonly ejectionsDetected: number
  /** How many sessions it has, about; null where that is not known. */
  readonly sessions: number | null
  /** Over everything that was counted. */
  readonly latencyMs: LatencyView
  readonly recent: RecentView
  /** Its share of the last minute's requests; null where there were none. */
  readonly share: number | null
  /** The share that its weight gives it among the servers that take new sessions. */
  readonly shareByWeight: number
}

/** One upstream over all replicas. */
export interface UpstreamView extends Omit<UpstreamSnapshot, 'servers'> {
  readonly servers: readonly ServerView[]
  readonly affinity: AffinitySnapshot
  readonly latencyMs: LatencyView
  readonly recent: RecentView & {
    /** The share of bound requests that stayed in the last minute; null where none was bound. */
    readonly keptShare: number | null
  }
  /** Bound requests that moved in the last 15 minutes, by reason; those with 0 are left out. */
  readonly movedLately: Readonly<Record<string, number>>
  /** The latest whole slot of the history; null before there is one. */
  readonly slot: Slot | null
}

export interface ReplicaView extends ReplicaFacts {
  readonly presence: Presence
  /** When its latest snapshot came, by the sidecar's clock. */
  readonly seenAt: number
}

/** Something that replicas must have alike and do not, or that is out of order. */
export interface Alarm {
  readonly kind:
    | 'package'
    | 'configHash'
    | 'keyIds'
    | 'namesakes'
    | 'silent'
    | 'store'
    | 'refused'
    | 'clock'
  /** `warning` wants to be looked at, `serious` loses sessions or hides what happens. */
  readonly level: 'warning' | 'serious'
  readonly message: string
  /** Which replicas say what. */
  readonly values: ReadonlyArray<{ readonly value: string; readonly replicas: readonly string[] }>
}

/** The state of everything in one sentence. */
export interface Headline {
  readonly level: 'good' | 'warning' | 'serious' | 'unknown'
  readonly text: string
}

export interface FleetView {
  /** When this was put together, in wall milliseconds. */
  readonly at: number
  /** When the latest snapshot came; null before the first. */
  readonly heardAt: number | null
  /** No replica is live: all of this is from `heardAt`. */
  readonly stale: boolean
  readonly headline: Headline
  readonly replicas: readonly ReplicaView[]
  readonly alarms: readonly Alarm[]
}
