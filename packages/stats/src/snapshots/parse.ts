import {
  type AffinitySnapshot,
  type LatencySnapshot,
  latencyBoundsMs,
  type OverrideSnapshot,
  type ReplicaSnapshot,
  type ServerSnapshot,
  type UpstreamSnapshot,
} from '@holdfast/core'
import { Reader } from './reader.js'
import { failKinds, moveReasons, OTHER_REASON, serverStates, statusClasses } from './vocabulary.js'

const LONGEST_NAME = 255
const LONGEST_SKETCH = 4096
const MOST_KEYS = 64
const MOST_UPSTREAMS = 1_000
const MOST_SERVERS = 10_000
const DAY_MS = 86_400_000

const STICKY = ['cookie', 'route', 'learn'] as const
const DIRECTIONS = ['in', 'out'] as const

const UPSTREAM_NAME = /^[A-Za-z0-9_.-]{1,64}$/

/** A snapshot whose servers are read one by one, once, by whoever goes through them. */
export interface SnapshotReading extends Omit<ReplicaSnapshot, 'upstreams'> {
  readonly upstreams: readonly UpstreamReading[]
}

export interface UpstreamReading extends Omit<UpstreamSnapshot, 'servers'> {
  readonly servers: Iterable<ServerSnapshot>
}

/**
 * Reads a snapshot that came from another process: whatever is in it, the result is of version 1,
 * holds what this version knows and nothing else, and is bounded in every way.
 * @param open makes a server of what stands in the list of servers.
 * @throws SnapshotFormatError, at once or where a server is come to.
 */
export function readSnapshot(value: unknown, open?: (item: unknown) => unknown): SnapshotReading {
  const root = new Reader(value, { parent: undefined, name: 'snapshot' })
  const version = root.amount('version')
  if (version !== 1) throw root.error('version', `is ${version}; this program reads 1`)
  const at = root.amount('at')
  const read = (item: Reader): UpstreamReading => readUpstream(item, at, open)
  const upstreams = root.list('upstreams', MOST_UPSTREAMS, read)
  if (new Set(upstreams.map(({ name }) => name)).size !== upstreams.length) {
    throw root.error('upstreams', TWICE)
  }
  return {
    version: 1,
    replica: root.text('replica', LONGEST_NAME),
    package: root.text('package', LONGEST_NAME),
    configHash: root.text('configHash', LONGEST_NAME),
    keyIds: root.amountList('keyIds', MOST_KEYS),
    startedAt: root.amount('startedAt'),
    at,
    store: root.oneOf('store', ['none', 'up', 'down']),
    upstreams,
  }
}

const TWICE = 'name one of them twice'

function readUpstream(
  upstream: Reader,
  at: number,
  open: ((item: unknown) => unknown) | undefined,
): UpstreamReading {
  const name = upstream.text('name', LONGEST_NAME)
  if (!UPSTREAM_NAME.test(name)) throw upstream.error('name', 'is no name of an upstream')
  const servers = upstream.items('servers', MOST_SERVERS, open)
  return {
    name,
    balance: upstream.text('balance', LONGEST_NAME),
    sticky: upstream.isNull('sticky') ? null : upstream.oneOf('sticky', STICKY),
    servers: readServers(servers, at, () => upstream.error('servers', TWICE)),
    affinity: parseAffinity(upstream.object('affinity')),
  }
}

function* readServers(
  items: Iterable<Reader>,
  at: number,
  twin: () => Error,
): Generator<ServerSnapshot> {
  const ids = new Set<string>()
  for (const item of items) {
    const server = parseServer(item, at)
    if (ids.has(server.id)) throw twin()
    ids.add(server.id)
    yield server
  }
}

function parseServer(server: Reader, at: number): ServerSnapshot {
  return {
    id: server.text('id', LONGEST_NAME),
    address: server.text('address', LONGEST_NAME),
    state: server.oneOf('state', serverStates),
    weight: server.amount('weight'),
    effectiveWeight: server.amount('effectiveWeight'),
    backup: server.flag('backup'),
    // Older replicas do not tell these.
    ...(server.has('incarnation') && { incarnation: server.amount('incarnation') }),
    ...(server.has('maxFails') && { maxFails: server.amount('maxFails') }),
    ...(server.has('failTimeoutS') && { failTimeoutS: server.amount('failTimeoutS') }),
    ...(server.has('override') && { override: parseOverride(server) }),
    active: server.amount('active'),
    tunnels: server.amount('tunnels'),
    attempts: server.amount('attempts'),
    retries: server.amount('retries'),
    // No ejection that anybody configures lasts longer than a day.
    ejectedUntil: server.isNull('ejectedUntil')
      ? null
      : Math.min(server.amount('ejectedUntil'), at + DAY_MS),
    requests: server.amount('requests'),
    responses: server.amounts('responses', statusClasses),
    fails: server.amounts('fails', failKinds),
    ejections: server.amount('ejections'),
    ...(server.has('ejectionsDetected') && {
      ejectionsDetected: server.amount('ejectionsDetected'),
    }),
    sessions: server.isNull('sessions') ? null : parseSketch(server),
    latency: parseLatency(server.object('latency')),
    bytes: server.amounts('bytes', DIRECTIONS),
  }
}

function parseOverride(server: Reader): OverrideSnapshot | null {
  if (server.isNull('override')) return null
  const override = server.object('override')
  return {
    ...(override.has('mode') && { mode: override.oneOf('mode', ['up', 'drain', 'down']) }),
    ...(override.has('weight') && { weight: override.amount('weight') }),
  }
}

function parseSketch(server: Reader): string {
  const text = server.text('sessions', LONGEST_SKETCH)
  if (!isSketch(text)) throw server.error('sessions', 'is no sketch')
  return text
}

function parseLatency(latency: Reader): LatencySnapshot {
  const { length } = latencyBoundsMs
  const bounds = latency.amountList('bounds', length, true)
  if (bounds.some((bound, i) => bound !== latencyBoundsMs[i])) {
    throw latency.error('bounds', 'are not those of version 1')
  }
  const counts = latency.amountList('counts', length + 1, true)
  return { bounds: latencyBoundsMs, counts, sum: latency.amount('sum') }
}

function parseAffinity(affinity: Reader): AffinitySnapshot {
  const given = affinity.object('moved')
  const moved = new Map<string, number>()
  for (const name of given.names()) {
    // A reason of a later version counts, under a label that keeps their number bounded.
    const reason = moveReasons.find((known) => known === name) ?? OTHER_REASON
    moved.set(reason, (moved.get(reason) ?? 0) + given.amount(name))
  }
  return {
    kept: affinity.amount('kept'),
    new: affinity.amount('new'),
    moved: Object.fromEntries(moved),
    none: affinity.amount('none'),
  }
}

// Whether its ranks are ranks is asked when it is united; this keeps out what is no sketch at all.
function isSketch(text: string): boolean {
  return /^[\w-]*$/.test(text) && (text.length % 3 === 0 || text.length === LONGEST_SKETCH)
}
