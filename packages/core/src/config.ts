import type { StickyConfig } from './affinity/config.js'
import type { KeyExpression } from './affinity/key-expression.js'
import type { NameConfig } from './discovery/name.js'
import type { ChecksConfig } from './health/checks.js'
import type { EjectionConfig } from './health/ejection.js'
import type { BalanceConfig } from './picker/picker.js'
import type { RebalanceConfig } from './rebalance/rebalancer.js'
import type { ServerConfig } from './servers/server.js'

/** Which ends of an attempt are tried on another server. */
export interface RetryConfig {
  readonly error: boolean
  readonly timeout: boolean
  readonly invalidHeader: boolean
  readonly nonIdempotent: boolean
  readonly statuses: ReadonlySet<number>
  /** Attempts at most, the first included; 0 means each server once. */
  readonly tries: number
  /** No further attempt once a request is this old; 0 is no limit. */
  readonly timeoutMs: number
  /** Retries as a share of the requests of the last 10 s, and how many a second are always free. */
  readonly budget: { readonly ratio: number; readonly minPerSecond: number } | undefined
  /** The largest idempotent body that is kept for a retry. */
  readonly bufferBytes: number
}

/** Deadlines of one attempt; 0 is none. */
export interface TimeoutsConfig {
  readonly connectMs: number
  readonly sendMs: number
  readonly headersMs: number
  readonly bodyMs: number
  readonly responseMs: number
  readonly tunnelMs: number
}

export interface TlsConfig {
  readonly ca: string | Buffer | ReadonlyArray<string | Buffer> | undefined
  readonly cert: string | Buffer | undefined
  readonly key: string | Buffer | undefined
  readonly servername: string | undefined
  readonly verify: boolean
}

/** Where the key of a hash balancer comes from. */
export interface HashKeyConfig {
  readonly keys: readonly KeyExpression[]
  /** The key when all are empty, or nginx's turn to round robin. */
  readonly whenEmpty: KeyExpression | 'round-robin'
  /** Bits of an IPv6 `$remote_addr` that count, so that privacy addresses stay together. */
  readonly ipv6Prefix: number | undefined
}

/** Yields the whole list of servers whenever it changes, until `signal` ends it. */
export type Discover = (signal: AbortSignal) => AsyncIterable<readonly unknown[]>

/** An upstream's options, parsed once and frozen; nothing downstream checks them again. */
export interface UpstreamConfig {
  readonly name: string
  /** The servers that are listed by their address, in the order of the list. */
  readonly servers: readonly ServerConfig[]
  /** The names in the list, each of which stands for the servers that it leads to. */
  readonly names: readonly NameConfig[]
  /** Where the list comes from instead. */
  readonly discover: Discover | undefined
  /** Name servers in place of the machine's. */
  readonly resolver: readonly string[] | undefined
  readonly settleMs: number
  readonly lingerMs: number
  readonly balance: BalanceConfig
  /** For `balance: hash` only. */
  readonly hashKey: HashKeyConfig | undefined
  readonly sticky: StickyConfig | undefined
  readonly rebalance: RebalanceConfig | undefined
  readonly retry: RetryConfig
  readonly timeouts: TimeoutsConfig
  readonly ejection: EjectionConfig
  readonly host: string
  readonly tls: TlsConfig
  readonly failOpen: boolean
  /** Undefined: none are made. */
  readonly checks: ChecksConfig | undefined
  /** What deserves a word at start, such as a cookie without a key. */
  readonly warnings: readonly string[]
}
