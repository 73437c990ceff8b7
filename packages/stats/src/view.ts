import {
  type AffinitySnapshot,
  type LatencySnapshot,
  mergeAffinity,
  mergeLatency,
  mergeTotals,
  quantile,
  type ReplicaSnapshot,
  type ServerSnapshot,
  type ServerState,
  type UpstreamSnapshot,
} from '@holdfast/core'

/** Milliseconds to a tenth; null while nothing was measured. */
export interface LatencyView {
  readonly p50: number | null
  readonly p90: number | null
  readonly p99: number | null
}

/** One server over all replicas. */
export interface ServerView extends Omit<ServerSnapshot, 'sessions'> {
  /** How many sessions it has, about; null where that is not known. */
  readonly sessions: number | null
  readonly latencyMs: LatencyView
}

/** One upstream over all replicas: the snapshot's shape, its numbers added up. */
export interface UpstreamView extends Omit<UpstreamSnapshot, 'servers'> {
  readonly servers: readonly ServerView[]
  readonly latencyMs: LatencyView
}

/** A replica without its upstreams. */
export type ReplicaView = Omit<ReplicaSnapshot, 'upstreams'>

export interface FleetView {
  readonly replicas: readonly ReplicaView[]
  /** What replicas must have alike and do not. */
  readonly alarms: readonly Alarm[]
}

export type Alarm = 'package' | 'configHash' | 'keyIds'

/** The upstreams of all replicas, each once, in the order in which they were first seen. */
export function viewUpstreams(replicas: readonly ReplicaSnapshot[]): readonly UpstreamView[] {
  const upstreams = replicas.flatMap((replica) => replica.upstreams)
  return group(upstreams, ({ name }) => name).map(viewUpstream)
}

export function viewFleet(replicas: readonly ReplicaSnapshot[]): FleetView {
  const alike: readonly Alarm[] = ['package', 'configHash', 'keyIds']
  return {
    replicas: replicas.map(({ upstreams: _, ...replica }) => replica),
    alarms: alike.filter(
      (field) => new Set(replicas.map((replica) => String(replica[field]))).size > 1,
    ),
  }
}

function viewUpstream([first, ...others]: NonEmpty<UpstreamSnapshot>): UpstreamView {
  const servers = group(
    [first, ...others].flatMap((upstream) => upstream.servers),
    ({ id }) => id,
  ).map(viewServer)
  return {
    name: first.name,
    balance: first.balance,
    sticky: first.sticky,
    servers,
    affinity: others.reduce<AffinitySnapshot>(
      (sum, { affinity }) => mergeAffinity(sum, affinity),
      first.affinity,
    ),
    latencyMs: viewLatency(servers.map(({ latency }) => latency)),
  }
}

function viewServer(seen: NonEmpty<ServerSnapshot>): ServerView {
  const [first, ...others] = seen
  return {
    ...first,
    ...others.reduce(mergeTotals, first),
    state: worst(seen),
    effectiveWeight: Math.min(...seen.map(({ effectiveWeight }) => effectiveWeight)),
    ejectedUntil: latest(seen),
    sessions: null,
    latencyMs: viewLatency(seen.map(({ latency }) => latency)),
  }
}

// The gravest that any replica says, so that a trouble of one of them is not averaged away.
const GRAVITY: readonly ServerState[] = ['up', 'drain', 'probing', 'ejected', 'down']

function worst(servers: NonEmpty<ServerSnapshot>): ServerState {
  return servers.reduce<ServerState>(
    (gravest, { state }) => (GRAVITY.indexOf(state) > GRAVITY.indexOf(gravest) ? state : gravest),
    servers[0].state,
  )
}

function latest(servers: NonEmpty<ServerSnapshot>): number | null {
  const times = servers.flatMap(({ ejectedUntil }) => ejectedUntil ?? [])
  return times.length === 0 ? null : Math.max(...times)
}

function viewLatency([first, ...others]: readonly LatencySnapshot[]): LatencyView {
  const merged = first && others.reduce(mergeLatency, first)
  const at = (q: number): number | null => {
    const ms = merged && quantile(merged, q)
    return ms === undefined ? null : Math.round(ms * 10) / 10
  }
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99) }
}

type NonEmpty<T> = readonly [T, ...T[]]

function group<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyArray<NonEmpty<T>> {
  const groups = new Map<string, [T, ...T[]]>()
  for (const item of items) {
    const members = groups.get(keyOf(item))
    if (members === undefined) groups.set(keyOf(item), [item])
    else members.push(item)
  }
  return [...groups.values()]
}
