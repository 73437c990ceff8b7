export { canonicalAddress } from './affinity/address.js'
export type {
  Binding,
  BindingSource,
  CookieAffinity,
  MoveReason,
  Session,
  Verdict,
} from './affinity/binding.js'
export type { CookieFormat, CookieStyle } from './affinity/config.js'
export type { RequestFacts } from './affinity/facts.js'
export type { KeyExpression } from './affinity/key-expression.js'
export type { LearnAffinity } from './affinity/learn.js'
export type { LearnExpression, LearnFunction } from './affinity/learn-source.js'
export { sessionLabel } from './affinity/session.js'
export type { Lease } from './attempt/lease.js'
export type { Dispatcher, Passage, PassageRules } from './attempt/passage.js'
export { mayResend, type RetryFacts } from './attempt/retry-policy.js'
export type {
  Discover,
  RetryConfig,
  TimeoutsConfig,
  TlsConfig,
  UpstreamConfig,
} from './config.js'
export {
  type FoundAddress,
  MOST_ADDRESSES,
  type NameConfig,
  serversOf,
} from './discovery/name.js'
export { LONGEST_PAUSE_MS, nextLookupMs, restartMs } from './discovery/schedule.js'
export { isReplicaName } from './fleet/replica-name.js'
export type { CheckPorts, ChecksConfig, Prober } from './health/checks.js'
export type { EjectionConfig } from './health/ejection.js'
export { type Clock, systemClock, systemTimers, type Timers } from './kernel/clock.js'
export { parseDuration } from './kernel/duration.js'
export { OptionError } from './kernel/errors.js'
export { Emitter, type Event } from './kernel/event.js'
export { type Blame, type FailKind, type Outcome, outcomes } from './kernel/outcome.js'
export { createSeededRandom, createSystemRandom, type Random } from './kernel/random.js'
export { parseUpstreamOptions } from './options/options.js'
export { parseWith } from './options/parse.js'
export type {
  BalanceOptions,
  ChecksOptions,
  CookieOptions,
  DiscoverFunction,
  EjectionOptions,
  HashOptions,
  LearnOptions,
  LearnSources,
  RebalanceOptions,
  RetryOptions,
  RouteOptions,
  ServerOptions,
  StickyOptions,
  TimeoutOptions,
  TlsOptions,
  UpstreamOptions,
} from './options/types.js'
export type { Condition, Mode, Override, Server } from './servers/server.js'
export { captureReplica } from './stats/capture.js'
export {
  type LatencySnapshot,
  latencyBoundsMs,
  mergeLatency,
  quantile,
} from './stats/histogram.js'
export { mergeAffinity, mergeTotals } from './stats/merge.js'
export { SessionSketch, sessionErrorShare } from './stats/sketch.js'
export type {
  AffinitySnapshot,
  Counts,
  OverrideSnapshot,
  ReplicaSnapshot,
  ServerSnapshot,
  ServerState,
  ServerTotals,
  StoreState,
  UpstreamSnapshot,
} from './stats/snapshot.js'
export {
  type MembershipChange,
  Upstream,
  type UpstreamPorts,
  type UpstreamUpdate,
} from './upstream.js'
export type { UpstreamEvent } from './upstream-health.js'
