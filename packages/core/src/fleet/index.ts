export { Fleet, type FleetConfig, type FleetPorts } from './fleet.js'
export { InsuredStore, type StoreHealth } from './insured-store.js'
export type { FleetHealth, FleetSessions, FleetUpstream, Member } from './member.js'
export { MemoryStore } from './memory-store.js'
export type {
  EjectionRecord,
  FleetNews,
  FleetRecord,
  OverrideRecord,
  SessionNews,
} from './record.js'
export type { RedisInstance, RedisTarget } from './redis-client.js'
export { createRedisStore, type RedisStoreOptions } from './redis-store.js'
export { decodeSnapshot, encodeSnapshot } from './snapshot-text.js'
export type { Answer, Board, FailReport, FleetState, Message, Store } from './store.js'
