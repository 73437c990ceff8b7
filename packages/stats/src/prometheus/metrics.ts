import type { MoveReason, ReplicaSnapshot, ServerState } from '@holdfast/core'
import { type ServerView, type UpstreamView, viewUpstreams } from '../view.js'
import { type Labels, type Sample, writeFamily, writeHistogram } from './format.js'

interface Row {
  readonly labels: Labels
  readonly server: ServerView
}

const STATES: readonly ServerState[] = ['up', 'ejected', 'probing', 'drain', 'down']

// A counter must be there at 0 before it counts, or its first step is invisible to rate().
const NO_MOVES: Readonly<Record<MoveReason, 0>> = {
  failed: 0,
  ejected: 0,
  down: 0,
  removed: 0,
  replaced: 0,
  limit: 0,
  expired: 0,
  'bad-cookie': 0,
  'unknown-key': 0,
  rebalance: 0,
}

/** Everything as Prometheus text. Times are in seconds, and servers go by their id. */
export function writeMetrics(replicas: readonly ReplicaSnapshot[]): string {
  const upstreams = viewUpstreams(replicas)
  return [
    ...replicaFamilies(replicas),
    ...affinityFamilies(upstreams),
    ...serverFamilies(
      upstreams.flatMap((upstream) =>
        upstream.servers.map((server) => ({
          labels: { upstream: upstream.name, server: server.id },
          server,
        })),
      ),
    ),
  ].join('')
}

function replicaFamilies(replicas: readonly ReplicaSnapshot[]): readonly string[] {
  const stored = replicas.filter(({ store }) => store !== 'none')
  return [
    writeFamily(
      'gauge',
      'holdfast_replica_info',
      'A gateway process and its version.',
      replicas.map(({ replica, package: version }) => ({ labels: { replica, version }, value: 1 })),
    ),
    writeFamily(
      'gauge',
      'holdfast_replica_start_time_seconds',
      'When it started, since 1970.',
      replicas.map(({ replica, startedAt }) => ({ labels: { replica }, value: startedAt / 1000 })),
    ),
    writeFamily(
      'gauge',
      'holdfast_replica_store_up',
      'Whether the store of the fleet answers it.',
      stored.map(({ replica, store }) => ({ labels: { replica }, value: Number(store === 'up') })),
    ),
  ]
}

function affinityFamilies(upstreams: readonly UpstreamView[]): readonly string[] {
  return [
    writeFamily(
      'counter',
      'holdfast_affinity_total',
      'Requests by what became of their binding; none is where affinity has no part.',
      upstreams.flatMap(({ name, affinity }) => {
        const moved = Object.values(affinity.moved).reduce((sum, count) => sum + count, 0)
        return split({ upstream: name }, 'verdict', {
          kept: affinity.kept,
          new: affinity.new,
          moved,
          none: affinity.none,
        })
      }),
    ),
    writeFamily(
      'counter',
      'holdfast_affinity_moved_total',
      'Bound requests that had to go to another server.',
      upstreams.flatMap(({ name, affinity }) =>
        split({ upstream: name }, 'reason', { ...NO_MOVES, ...affinity.moved }),
      ),
    ),
  ]
}

function serverFamilies(rows: readonly Row[]): readonly string[] {
  const plain = (read: (server: ServerView) => number): readonly Sample[] =>
    rows.map(({ labels, server }) => ({ labels, value: read(server) }))
  const by = (
    label: string,
    read: (server: ServerView) => Readonly<Record<string, number>>,
  ): readonly Sample[] => rows.flatMap(({ labels, server }) => split(labels, label, read(server)))

  const name = (rest: string): string => `holdfast_upstream_${rest}`
  const counter = (rest: string, help: string, samples: readonly Sample[]): string =>
    writeFamily('counter', name(rest), help, samples)
  const gauge = (rest: string, help: string, samples: readonly Sample[]): string =>
    writeFamily('gauge', name(rest), help, samples)

  return [
    gauge(
      'server_info',
      'A server and its address.',
      rows.map(({ labels, server: { address, backup } }) => ({
        labels: { ...labels, address, backup: String(backup) },
        value: 1,
      })),
    ),
    gauge(
      'server_state',
      'Whether the server is in this state.',
      by('state', ({ state }) =>
        Object.fromEntries(STATES.map((each) => [each, Number(each === state)])),
      ),
    ),
    gauge(
      'weight',
      'The configured weight.',
      plain(({ weight }) => weight),
    ),
    gauge(
      'effective_weight',
      'What failures have left of the weight.',
      plain(({ effectiveWeight }) => effectiveWeight),
    ),
    gauge(
      'active_requests',
      'Requests in flight.',
      plain(({ active }) => active),
    ),
    gauge(
      'tunnels',
      'Upgraded connections that are open.',
      plain(({ tunnels }) => tunnels),
    ),
    gauge(
      'sessions',
      'Sessions, about.',
      rows.flatMap(({ labels, server: { sessions } }) =>
        sessions === null ? [] : { labels, value: sessions },
      ),
    ),
    counter(
      'requests_total',
      'Requests whose last attempt was here.',
      plain(({ requests }) => requests),
    ),
    counter(
      'attempts_total',
      'Dispatches to the server.',
      plain(({ attempts }) => attempts),
    ),
    counter(
      'retries_total',
      'Attempts that followed one on another server.',
      plain(({ retries }) => retries),
    ),
    counter(
      'responses_total',
      'Answers by the class of their status.',
      by('code', ({ responses }) => responses),
    ),
    counter(
      'fails_total',
      'Attempts that the server failed.',
      by('kind', ({ fails }) => fails),
    ),
    counter(
      'ejections_total',
      'How often fails took the server out.',
      plain(({ ejections }) => ejections),
    ),
    counter(
      'bytes_total',
      'Body bytes from clients (in) and to them (out).',
      by('direction', ({ bytes }) => bytes),
    ),
    writeHistogram(
      name('response_duration_seconds'),
      'From dispatch to the complete head of the answer.',
      rows.map(({ labels, server: { latency } }) => ({
        labels,
        bounds: latency.bounds.map((ms) => ms / 1000),
        counts: latency.counts,
        sum: latency.sum / 1000,
      })),
    ),
  ]
}

function split(
  labels: Labels,
  label: string,
  counts: Readonly<Record<string, number>>,
): readonly Sample[] {
  return Object.entries(counts).map(([key, value]) => ({
    labels: { ...labels, [label]: key },
    value,
  }))
}
