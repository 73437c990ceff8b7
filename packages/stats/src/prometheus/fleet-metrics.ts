import type { State } from '../feed.js'
import { type Sample, writeFamily, writeLabels } from './format.js'

const ALARM_KINDS = [
  'package',
  'configHash',
  'keyIds',
  'namesakes',
  'silent',
  'store',
  'refused',
  'clock',
]

/** What is known of the replicas. */
export function* fleetFamilies({ fleet }: State): Generator<string> {
  const { replicas, alarms } = fleet
  const live = replicas.filter(({ presence }) => presence === 'live')
  const gauge = (name: string, help: string, samples: readonly Sample[]): Iterable<string> =>
    writeFamily('gauge', `holdfast_${name}`, help, samples)
  const each = (read: (replica: (typeof replicas)[number]) => number): readonly Sample[] =>
    live.map((replica) => ({
      labels: writeLabels({ replica: replica.replica }),
      value: read(replica),
    }))
  yield* gauge('replicas', 'Gateway processes by whether they are heard.', [
    { labels: writeLabels({ presence: 'live' }), value: live.length },
    { labels: writeLabels({ presence: 'silent' }), value: replicas.length - live.length },
  ])
  yield* gauge(
    'replica_info',
    'A gateway process, its version and its configuration.',
    live.map(({ replica, package: version, configHash: config }) => ({
      labels: writeLabels({ replica, version, config }),
      value: 1,
    })),
  )
  yield* gauge(
    'replica_start_time_seconds',
    'When it started, since 1970.',
    each(({ startedAt }) => startedAt / 1000),
  )
  yield* gauge(
    'replica_snapshot_age_seconds',
    'How old what is known of it is.',
    each(({ seenAt }) => Math.max(0, fleet.at - seenAt) / 1000),
  )
  yield* gauge(
    'replica_store_up',
    'Whether the store of the fleet answers it.',
    live
      .filter(({ store }) => store !== 'none')
      .map(({ replica, store }) => ({
        labels: writeLabels({ replica }),
        value: Number(store === 'up'),
      })),
  )
  yield* gauge(
    'alarm',
    'Whether something about the replicas is out of order.',
    ALARM_KINDS.map((kind) => ({
      labels: writeLabels({ kind }),
      value: Number(alarms.some((alarm) => alarm.kind === kind)),
    })),
  )
}
