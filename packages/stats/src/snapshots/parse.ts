import {
  type AffinitySnapshot,
  type LatencySnapshot,
  latencyBoundsMs,
  type OverrideSnapshot,
  type ReplicaSnapshot,
  type ServerSnapshot,
  SessionSketch,
  type UpstreamSnapshot,
} from '@holdfast/core'
import { isAmount, Reader, SnapshotFormatError } from './reader.js'
import { failKinds, moveReasons, OTHER_REASON, serverStates, statusClasses } from './vocabulary.js'

const LONGEST_NAME = 255
const LONGEST_SKETCH = 4096
const MOST_KEYS = 64
const MOST_UPSTREAMS = 1_000
const MOST_SERVERS = 10_000
const DAY_MS = 86_400_000

const UPSTREAM_NAME = /^[A-Za-z0-9_.-]{1,64}$/

/**
 * Reads a snapshot that came from another process: whatever is in it, the result is of version 1,
 * holds what this version knows and nothing else, and is bounded in every way.
 * @throws SnapshotFormatError
 */
export function parseSnapshot(value: unknown): ReplicaSnapshot {
  const root = new Reader(value, 'snapshot')
  const version = root.amount('version')
  if (version !== 1) {
    throw new SnapshotFormatError('snapshot.version', `is ${version}; this program reads 1`)
  }
  const at = root.amount('at')
  const upstreams = root.list('upstreams', MOST_UPSTREAMS, (item, path) =>
    parseUpstream(item, path, at),
  )
  refuseTwins(upstreams, 'snapshot.upstreams', ({ name }) => name)
  return {
    version: 1,
    replica: root.text('replica', LONGEST_NAME),
    package: root.text('package', LONGEST_NAME),
    configHash: root.text('configHash', LONGEST_NAME),
    keyIds: root.list('keyIds', MOST_KEYS, parseAmount),
    startedAt: root.amount('startedAt'),
    at,
    store: root.oneOf('store', ['none', 'up', 'down']),
    upstreams,
  }
}

function parseUpstream(value: unknown, path: string, at: number): UpstreamSnapshot {
  const upstream = new Reader(value, path)
  const name = upstream.text('name', LONGEST_NAME)
  if (!UPSTREAM_NAME.test(name)) {
    throw new SnapshotFormatError(`${path}.name`, 'is no name of an upstream')
  }
  const servers = upstream.list('servers', MOST_SERVERS, (item, place) =>
    parseServer(item, place, at),
  )
  refuseTwins(servers, `${path}.servers`, ({ id }) => id)
  return {
    name,
    balance: upstream.text('balance', LONGEST_NAME),
    sticky: upstream.has('sticky') ? parseSticky(upstream) : null,
    servers,
    affinity: parseAffinity(upstream.object('affinity')),
  }
}

function parseSticky(upstream: Reader): UpstreamSnapshot['sticky'] {
  return upstream.isNull('sticky') ? null : upstream.oneOf('sticky', ['cookie', 'route', 'learn'])
}

function parseServer(value: unknown, path: string, at: number): ServerSnapshot {
  const server = new Reader(value, path)
  return {
    id: server.text('id', LONGEST_NAME),
    address: server.text('address', LONGEST_NAME),
    state: server.oneOf('state', serverStates),
    weight: server.amount('weight'),
    effectiveWeight: server.amount('effectiveWeight'),
    backup: server.flag('backup'),
    ...server.amountIfAny('incarnation'),
    ...server.amountIfAny('maxFails'),
    ...server.amountIfAny('failTimeoutS'),
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
    ...server.amountIfAny('ejectionsDetected'),
    sessions: server.isNull('sessions') ? null : parseSketch(server, path),
    latency: parseLatency(server.object('latency'), `${path}.latency`),
    bytes: server.amounts('bytes', ['in', 'out']),
  }
}

function parseOverride(server: Reader): OverrideSnapshot | null {
  if (server.isNull('override')) return null
  const override = server.object('override')
  return {
    ...(override.has('mode') && { mode: override.oneOf('mode', ['up', 'drain', 'down']) }),
    ...override.amountIfAny('weight'),
  }
}

function parseSketch(server: Reader, path: string): string {
  const text = server.text('sessions', LONGEST_SKETCH)
  if (text !== '' && !new SessionSketch().uniteText(text)) {
    throw new SnapshotFormatError(`${path}.sessions`, 'is no sketch')
  }
  return text
}

function parseLatency(latency: Reader, path: string): LatencySnapshot {
  const { length } = latencyBoundsMs
  const bounds = latency.list('bounds', length, parseAmount)
  if (bounds.length !== length || bounds.some((bound, i) => bound !== latencyBoundsMs[i])) {
    throw new SnapshotFormatError(`${path}.bounds`, 'are not those of version 1')
  }
  const counts = latency.list('counts', length + 1, parseAmount)
  if (counts.length !== length + 1) {
    throw new SnapshotFormatError(`${path}.counts`, `are not ${length + 1}`)
  }
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

function parseAmount(value: unknown, path: string): number {
  if (!isAmount(value)) throw new SnapshotFormatError(path, 'is no amount')
  return value
}

function refuseTwins<T>(items: readonly T[], path: string, nameOf: (item: T) => string): void {
  if (new Set(items.map(nameOf)).size !== items.length) {
    throw new SnapshotFormatError(path, 'name one of them twice')
  }
}
