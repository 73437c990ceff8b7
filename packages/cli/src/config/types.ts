import type { RetryOptions, TimeoutOptions, UpstreamConfig, UpstreamOptions } from '@holdfast/core'

/** A gateway file, parsed and completed. */
export interface GatewayConfig {
  readonly listen: readonly ListenConfig[]
  readonly admin: Endpoint | undefined
  /** As Fastify takes it. */
  readonly trustProxy: TrustProxy
  readonly upstreams: ReadonlyMap<string, UpstreamEntry>
  readonly routes: readonly RouteConfig[]
  readonly fleet: FleetFileOptions | undefined
  readonly stats: StatsConfig | undefined
  readonly log: 'all' | 'moved' | 'off'
}

export type TrustProxy = boolean | number | readonly string[]

/** Where to listen: a TCP address or a Unix socket. */
export interface Endpoint {
  /** As written. */
  readonly text: string
  readonly host: string
  readonly port: number
  /** Instead of host and port. */
  readonly path: string | undefined
}

export interface ListenConfig extends Endpoint {
  /** Of several, a client gets the first that is for the name it asks for. */
  readonly tls: readonly CertificateConfig[] | undefined
}

/** In PEM. */
export interface CertificateConfig {
  readonly cert: string
  readonly key: string
}

export interface UpstreamEntry {
  /** As the plugin takes them. */
  readonly options: UpstreamOptions
  readonly config: UpstreamConfig
}

export interface RouteConfig {
  /** Names that it is for, in lower case; none means all that no other route names. */
  readonly hosts: readonly string[]
  readonly prefix: string
  readonly upstream: string
  /** What takes the prefix's place; the prefix itself unless given. */
  readonly rewritePrefix: string
  readonly headers: HeadersConfig
  readonly timeouts: TimeoutOptions | undefined
  readonly retry: RetryOptions | undefined
  readonly bodyLimit: number | undefined
  /** A cached route has no affinity either. */
  readonly sticky: boolean
  readonly cache: CacheConfig | undefined
}

/** Header fields to set, by name; `false` removes one. Values may hold nginx variables. */
export interface HeadersConfig {
  readonly request: Readonly<Record<string, string | false>>
  readonly response: Readonly<Record<string, string | false>>
}

export interface CacheConfig {
  /** Milliseconds by status, for answers that do not say themselves how long they are good. */
  readonly valid: ReadonlyMap<number, number>
  /** Bytes of all answers that are kept. */
  readonly size: number
}

/** `fleet`, as the plugin takes it. */
export interface FleetFileOptions {
  readonly redis: string
  readonly namespace?: string | undefined
  readonly replica?: string | undefined
  readonly quorum?: number | undefined
}

export interface StatsConfig {
  readonly listen: Endpoint
  /** What readers must send as `Authorization: Bearer`; undefined asks nobody. */
  readonly readToken: string | undefined
  /** What those must send who may drain and stop servers; undefined lets nobody. */
  readonly adminToken: string | undefined
}
