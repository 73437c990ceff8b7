import type { Clock } from '../kernel/clock.js'
import type { Pool } from '../servers/pool.js'
import type { Server } from '../servers/server.js'
import type { UpstreamCounters } from './counters.js'
import type {
  AffinitySnapshot,
  OverrideSnapshot,
  ReplicaSnapshot,
  ServerSnapshot,
  ServerState,
  UpstreamSnapshot,
} from './snapshot.js'

/** As much of a server's health as a snapshot tells; monotonic seconds. */
export type ServerHealth =
  | { readonly kind: 'up' | 'probing' }
  | { readonly kind: 'ejected'; readonly untilS: number }

/** What an upstream hands over to be captured. */
export interface UpstreamFacts extends Pick<UpstreamSnapshot, 'name' | 'balance' | 'sticky'> {
  readonly pool: Pool
  readonly counters: UpstreamCounters
  readonly healthOf: (server: Server) => ServerHealth
}

/** What a replica knows of itself beside its upstreams. */
export type ReplicaFacts = Omit<ReplicaSnapshot, 'version' | 'at' | 'upstreams'>

export function captureReplica(
  facts: ReplicaFacts,
  upstreams: readonly UpstreamSnapshot[],
  clock: Clock,
): ReplicaSnapshot {
  return { version: 1, ...facts, at: clock.wall(), upstreams }
}

export function captureUpstream(facts: UpstreamFacts, clock: Clock): UpstreamSnapshot {
  const { name, balance, sticky, pool, counters, healthOf } = facts
  const nowMs = clock.now()
  return {
    name,
    balance,
    sticky,
    servers: pool.servers.map((server) =>
      captureServer(server, counters, healthOf(server), nowMs, clock.wall() - nowMs),
    ),
    affinity: captureAffinity(counters),
  }
}

function captureServer(
  server: Server,
  upstream: UpstreamCounters,
  health: ServerHealth,
  nowMs: number,
  wallOffsetMs: number,
): ServerSnapshot {
  const counters = upstream.of(server)
  const nowS = Math.floor(nowMs / 1_000)
  return {
    id: server.config.id,
    address: server.address,
    state: stateOf(server, health),
    weight: server.weight,
    effectiveWeight: server.effectiveWeight * server.warmth(nowS),
    backup: server.config.backup,
    incarnation: server.config.incarnation,
    maxFails: server.config.maxFails,
    failTimeoutS: server.config.failTimeoutS,
    override: overrideOf(server),
    active: server.active,
    tunnels: counters.tunnels,
    attempts: counters.attempts,
    retries: counters.retries,
    ejectedUntil:
      health.kind === 'ejected' ? Math.round(health.untilS * 1_000 + wallOffsetMs) : null,
    requests: counters.requests,
    responses: { ...counters.responses },
    fails: { ...counters.fails },
    ejections: counters.ejections,
    ejectionsDetected: counters.ejectionsDetected,
    sessions: counters.sessions?.toText(nowS) ?? null,
    latency: counters.latency.snapshot(),
    bytes: { in: counters.bytesIn, out: counters.bytesOut },
  }
}

function overrideOf({ override: { mode, weight } }: Server): OverrideSnapshot | null {
  if (mode === undefined && weight === undefined) return null
  return { ...(mode !== undefined && { mode }), ...(weight !== undefined && { weight }) }
}

function stateOf(server: Server, health: ServerHealth): ServerState {
  if (server.mode !== 'up') return server.mode
  return server.condition === 'sick' ? 'ejected' : health.kind
}

function captureAffinity({ affinity }: UpstreamCounters): AffinitySnapshot {
  return {
    kept: affinity.kept,
    new: affinity.new,
    moved: Object.fromEntries(affinity.moved),
    none: affinity.none,
  }
}
