export type { StatsOptions } from './options.js'
export type { SnapshotSource } from './sources/source.js'
export { stats as default, stats } from './stats.js'
export type { FleetView, ReplicaView, ServerView, UpstreamView } from './view.js'
