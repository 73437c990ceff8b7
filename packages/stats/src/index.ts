export type { ReplicaOptions, StatsOptions, TokensOptions } from './options.js'
export type { GatewayHandle, SnapshotSource } from './sources/in-process.js'
export { stats as default, stats } from './stats.js'
export type {
  Alarm,
  FleetView,
  Headline,
  ReplicaView,
  ServerView,
  UpstreamView,
} from './view/types.js'
