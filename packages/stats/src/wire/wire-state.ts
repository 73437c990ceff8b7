import type { State } from '../feed.js'
import type { TimelineEvent } from '../registry/timeline.js'
import type { Steps } from '../turns.js'
import type { ReplicaView, ServerView, UpstreamView } from '../view/types.js'
import type { Json, JsonObject } from './merge-patch.js'

const EVENTS_SHOWN = 100

/**
 * What the dashboard is sent: as much of the state as it shows, short, without null, and keyed, so
 * that what has not changed is not sent again.
 */
export function* wireState({ fleet, upstreams, events }: State): Steps<JsonObject> {
  const wired: [string, JsonObject][] = []
  for (const upstream of upstreams) wired.push([upstream.name, yield* wireUpstream(upstream)])
  const { at, heardAt, stale, headline, replicas, alarms } = fleet
  return {
    at,
    heardAt: heardAt ?? 0,
    stale,
    headline: { ...headline },
    replicas: Object.fromEntries(replicas.map((replica) => [keyOf(replica), wireReplica(replica)])),
    alarms: alarms as unknown as Json,
    order: upstreams.map(({ name }) => name),
    upstreams: Object.fromEntries(wired),
    events: Object.fromEntries(
      events.slice(-EVENTS_SHOWN).map((event) => [String(event.id), wireEvent(event)]),
    ),
  }
}

function keyOf({ replica, startedAt }: ReplicaView): string {
  return `${replica} ${startedAt}`
}

// Without the times that change with every snapshot.
function wireReplica(replica: ReplicaView): JsonObject {
  const { package: version, configHash, keyIds, startedAt, store, presence, seenAt } = replica
  return {
    name: replica.replica,
    package: version,
    configHash,
    keyIds,
    startedAt,
    store,
    presence,
    ...(presence !== 'live' && { seenAt }),
  }
}

function* wireUpstream(upstream: UpstreamView): Steps<JsonObject> {
  const wired: [string, JsonObject][] = []
  for (const server of upstream.servers) {
    wired.push([server.id, wireServer(server)])
    yield
  }
  const { balance, sticky, servers, recent, movedLately, slot } = upstream
  return bare({
    balance,
    sticky,
    order: servers.map(({ id }) => id),
    servers: Object.fromEntries(wired),
    rate: recent.requestsPerSecond,
    errors: recent.errorsPerSecond,
    p99: recent.latencyMs.p99,
    kept: recent.keptShare,
    moved: movedLately,
    slot: slot && bare({ ...slot }),
  })
}

function wireServer(server: ServerView): JsonObject {
  const { address, state, states, weight, effectiveWeight, backup, override } = server
  const { active, tunnels, ejectedUntil, sessions, share, shareByWeight, recent } = server
  return bare({
    address,
    state,
    states,
    weight,
    effectiveWeight,
    ...(backup && { backup }),
    override,
    active,
    tunnels,
    ejectedUntil,
    sessions,
    share,
    shareByWeight,
    rate: recent.requestsPerSecond,
    errors: recent.errorsPerSecond,
    p50: recent.latencyMs.p50,
    p99: recent.latencyMs.p99,
  })
}

function wireEvent({ id: _, ...event }: TimelineEvent): JsonObject {
  return bare({ ...event })
}

/** The object without what is null. */
function bare(fields: Readonly<Record<string, unknown>>): JsonObject {
  const object: Record<string, Json> = {}
  for (const name of Object.keys(fields)) {
    const value = fields[name]
    if (value !== null && value !== undefined) object[name] = value as Json
  }
  return object
}
