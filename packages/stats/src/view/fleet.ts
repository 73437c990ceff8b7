import type { Life } from '../registry/life.js'
import type { Registry } from '../registry/registry.js'
import { alarmsOf, type Refusals } from './alarms.js'
import { headlineOf } from './headline.js'
import type { FleetView, ReplicaView, UpstreamView } from './types.js'

/** The replicas, what is wrong with them together, and all of it in one sentence. */
export function viewFleet(
  registry: Registry,
  upstreams: readonly UpstreamView[],
  refusals: Refusals,
  nowMs: number,
): FleetView {
  const replicas = [...registry.lives]
    .filter(({ presence }) => presence !== 'replaced')
    .map(viewReplica)
    .sort((a, b) => a.replica.localeCompare(b.replica))
  const alarms = alarmsOf(replicas, refusals)
  const heardAt = registry.heardMs === 0 ? null : registry.heardMs
  const stale = registry.isStale
  const { events } = registry.timeline
  const facts = { nowMs, stale, heardAt, replicas, alarms, upstreams, events }
  return { at: nowMs, heardAt, stale, headline: headlineOf(facts), replicas, alarms }
}

function viewReplica({ facts, presence, seenMs }: Life): ReplicaView {
  return { ...facts, presence, seenAt: seenMs }
}
