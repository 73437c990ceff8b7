import type { State } from '../feed.js'
import { failKinds, serverStates } from '../snapshots/vocabulary.js'
import type { ServerView, UpstreamView } from '../view/types.js'
import { fleetFamilies } from './fleet-metrics.js'
import { type Labels, type Sample, split, writeFamily, writeHistogram } from './format.js'

interface Row {
  readonly labels: Labels
  readonly server: ServerView
}

/** Everything as Prometheus text. Times are in seconds, and servers go by their id. */
export function writeMetrics(state: State): string {
  const { upstreams } = state
  const rows = upstreams.flatMap((upstream) =>
    upstream.servers.map((server) => ({
      labels: { upstream: upstream.name, server: server.id },
      server,
    })),
  )
  return [...fleetFamilies(state), ...affinityFamilies(upstreams), ...serverFamilies(rows)].join('')
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
        split({ upstream: name }, 'reason', affinity.moved),
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
      'How many replicas see the server in this state.',
      by('state', ({ states }) =>
        Object.fromEntries(serverStates.map((each) => [each, states[each] ?? 0])),
      ),
    ),
    gauge(
      'weight',
      'The weight that it is given.',
      plain(({ weight }) => weight),
    ),
    gauge(
      'effective_weight',
      'What failures and a slow start leave of the weight.',
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
      by('kind', ({ fails }) => Object.fromEntries(failKinds.map((kind) => [kind, fails[kind]]))),
    ),
    counter(
      'ejections_detected_total',
      'How often fails earned the server an ejection.',
      plain(({ ejectionsDetected }) => ejectionsDetected),
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
