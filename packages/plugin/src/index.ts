export type {
  DiscoverFunction,
  ReplicaSnapshot,
  ServerOptions,
  UpstreamEvent,
  UpstreamSnapshot,
  UpstreamUpdate,
} from '@holdfast/core'
export { type AttemptMessage, channelNames } from './diagnostics.js'
export type {
  Holdfast,
  OperatorWord,
  UpstreamEventName,
  UpstreamEventOf,
  UpstreamHandle,
} from './holdfast.js'
export type {
  FleetOptions,
  HeaderFields,
  HeaderRewrite,
  HoldfastOptions,
  KeyExpression,
  LogChoice,
  RewriteHeaders,
  SnapshotRouteOptions,
  UpstreamOptions,
} from './options.js'
export { holdfast, holdfast as default, type ReplyOptions } from './plugin.js'
export type { AttemptReport, RequestRecord, RequestReport } from './report.js'
export { type GatewayServerOptions, serverOptions } from './server-options.js'
