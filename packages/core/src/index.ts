export type { MoveReason } from './affinity/binding.js'
export { type Clock, systemClock } from './kernel/clock.js'
export { OptionError } from './kernel/errors.js'
export { type LatencySnapshot, mergeLatency, quantile } from './stats/histogram.js'
export { mergeAffinity, mergeTotals } from './stats/merge.js'
export type {
  AffinitySnapshot,
  Counts,
  ReplicaSnapshot,
  ServerSnapshot,
  ServerState,
  ServerTotals,
  StoreState,
  UpstreamSnapshot,
} from './stats/snapshot.js'
