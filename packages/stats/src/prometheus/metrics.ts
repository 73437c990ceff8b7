import type { State } from '../feed.js'
import { failKinds, serverStates } from '../snapshots/vocabulary.js'
import type { ServerView, UpstreamView } from '../view/types.js'
import { fleetFamilies } from './fleet-metrics.js'
import {
  type Labels,
  type Sample,
  split,
  withLabel,
  writeFamily,
  writeHistogram,
  writeLabels,
} from './format.js'

interface Row {
  readonly labels: Labels
  readonly server: ServerView
}

/**
 * Everything as Prometheus text, in pieces, as a thousand servers make megabytes of it. Times are
 * in seconds, and servers go by their id.
 */
export function* writeMetrics(state: State): Generator<string> {
  const { upstreams } = state
  const rows = upstreams.flatMap((upstream) =>
    upstream.servers.map((server) => ({
      labels: writeLabels({ upstream: upstream.name, server: server.id }),
      server,
    })),
  )
  yield* fleetFamilies(state)
  yield* affinityFamilies(upstreams)
  yield* serverFamilies(rows)
}

function* affinityFamilies(upstreams: readonly UpstreamView[]): Generator<string> {
  yield* writeFamily(
    'counter',
    'holdfast_affinity_total',
    'Requests by what became of their binding; none is where affinity has no part.',
    upstreams.flatMap(({ name, affinity }) => {
      const moved = Object.values(affinity.moved).reduce((sum, count) => sum + count, 0)
      return split(writeLabels({ upstream: name }), 'verdict', {
        kept: affinity.kept,
        new: affinity.new,
        moved,
        none: affinity.none,
      })
    }),
  )
  yield* writeFamily(
    'counter',
    'holdfast_affinity_moved_total',
    'Bound requests that had to go to another server.',
    upstreams.flatMap(({ name, affinity }) =>
      split(writeLabels({ upstream: name }), 'reason', affinity.moved),
    ),
  )
}

function* serverFamilies(rows: readonly Row[]): Generator<string> {
  const plain = (read: (server: ServerView) => number): Iterable<Sample> =>
    each(rows, ({ labels, server }) => [{ labels, value: read(server) }])
  const by = (
    label: string,
    read: (server: ServerView) => Readonly<Record<string, number>>,
  ): Iterable<Sample> => each(rows, ({ labels, server }) => split(labels, label, read(server)))

  const name = (rest: string): string => `holdfast_upstream_${rest}`
  const counter = (rest: string, help: string, samples: Iterable<Sample>): Iterable<string> =>
    writeFamily('counter', name(rest), help, samples)
  const gauge = (rest: string, help: string, samples: Iterable<Sample>): Iterable<string> =>
    writeFamily('gauge', name(rest), help, samples)

  yield* gauge(
    'server_info',
    'A server and its address.',
    each(rows, ({ labels, server: { address, backup } }) => [
      {
        labels: withLabel(withLabel(labels, 'address', address), 'backup', String(backup)),
        value: 1,
      },
    ]),
  )
  yield* gauge(
    'server_state',
    'How many replicas see the server in this state.',
    by('state', ({ states }) =>
      Object.fromEntries(serverStates.map((each) => [each, states[each] ?? 0])),
    ),
  )
  yield* gauge(
    'weight',
    'The weight that it is given.',
    plain(({ weight }) => weight),
  )
  yield* gauge(
    'effective_weight',
    'What failures and a slow start leave of the weight.',
    plain(({ effectiveWeight }) => effectiveWeight),
  )
  yield* gauge(
    'active_requests',
    'Requests in flight.',
    plain(({ active }) => active),
  )
  yield* gauge(
    'tunnels',
    'Upgraded connections that are open.',
    plain(({ tunnels }) => tunnels),
  )
  yield* gauge(
    'sessions',
    'Sessions, about.',
    each(rows, ({ labels, server: { sessions } }) =>
      sessions === null ? [] : [{ labels, value: sessions }],
    ),
  )
  yield* counter(
    'requests_total',
    'Requests whose last attempt was here.',
    plain(({ requests }) => requests),
  )
  yield* counter(
    'attempts_total',
    'Dispatches to the server.',
    plain(({ attempts }) => attempts),
  )
  yield* counter(
    'retries_total',
    'Attempts that followed one on another server.',
    plain(({ retries }) => retries),
  )
  yield* counter(
    'responses_total',
    'Answers by the class of their status.',
    by('code', ({ responses }) => responses),
  )
  yield* counter(
    'fails_total',
    'Attempts that the server failed.',
    by('kind', ({ fails }) => Object.fromEntries(failKinds.map((kind) => [kind, fails[kind]]))),
  )
  yield* counter(
    'ejections_detected_total',
    'How often fails earned the server an ejection.',
    plain(({ ejectionsDetected }) => ejectionsDetected),
  )
  yield* counter(
    'ejections_total',
    'How often fails took the server out.',
    plain(({ ejections }) => ejections),
  )
  yield* counter(
    'bytes_total',
    'Body bytes from clients (in) and to them (out).',
    by('direction', ({ bytes }) => bytes),
  )
  yield* writeHistogram(
    name('response_duration_seconds'),
    'From dispatch to the complete head of the answer.',
    each(rows, ({ labels, server: { latency } }) => [
      {
        labels,
        bounds: latency.bounds.map((ms) => ms / 1000),
        counts: latency.counts,
        sum: latency.sum / 1000,
      },
    ]),
  )
}

/** Samples row by row, made when they are come to. */
function* each<T>(rows: readonly Row[], read: (row: Row) => readonly T[]): Generator<T> {
  for (const row of rows) yield* read(row)
}
