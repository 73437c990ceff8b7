import type {
  UpstreamOptions as CoreUpstreamOptions,
  KeyExpression as KeyExpressionOf,
  RetryOptions,
  TimeoutOptions,
} from '@holdfast/core'
import type { Board, RedisTarget, Store } from '@holdfast/core/fleet'
import type { FastifyRequest, HTTPMethods, preHandlerHookHandler, RouteOptions } from 'fastify'

/** An upstream's options; the functions among its keys are called with Fastify's request. */
export interface UpstreamOptions extends CoreUpstreamOptions<FastifyRequest> {}

/** What yields a key: an nginx variable, a template of them, or a function of the request. */
export type KeyExpression = KeyExpressionOf<FastifyRequest>

/** Which of its requests a registration logs when they end. */
export type LogChoice = 'all' | 'moved' | 'off'

/** What `app.register(holdfast, ...)` takes. */
export interface HoldfastOptions {
  /**
   * The path under which requests go to the upstream, as every Fastify plugin's. Default: `'/'`.
   */
  prefix?: string
  /** Where requests go: its options, the name of one registered before, or one server. */
  upstream: UpstreamOptions | string
  /** What takes the prefix's place on the way to the server. Default: `'/'`. */
  rewritePrefix?: string | undefined
  /** The methods that are passed on; absent, all that Fastify knows but TRACE. */
  httpMethods?: readonly HTTPMethods[] | undefined
  /** Runs before a request is passed on, as the preHandler of a route. */
  preHandler?: preHandlerHookHandler | preHandlerHookHandler[] | undefined
  /** Route constraints, as Fastify has them. */
  constraints?: RouteOptions['constraints'] | undefined
  /**
   * Changes the header fields that go to the server: `(request, fields) => fields`, names in lower
   * case.
   */
  rewriteRequestHeaders?: HeaderRewrite<FastifyRequest> | undefined
  /**
   * Changes the header fields that go to the client: `(fields, request) => fields`, names in lower
   * case.
   */
  rewriteHeaders?: RewriteHeaders | undefined
  /** Most bytes of a request body, counted as they pass; absent, Fastify's own limit, 1 MiB. */
  bodyLimit?: number | undefined
  /** `false` ignores and sets no bindings here, for paths that need no session. */
  sticky?: false | undefined
  /** In place of the upstream's own. */
  retry?: RetryOptions | undefined
  /** In place of the upstream's own. */
  timeouts?: TimeoutOptions | undefined
  /** Which requests are logged at level info when they end. Default: `'all'`. */
  log?: LogChoice | undefined
  /**
   * Whether WebSockets and other upgrades under the prefix are tunnelled; `false` leaves them to
   * others. Default: `true`.
   */
  upgrades?: boolean | undefined
  /** Serves this replica's snapshot to whoever has the token. */
  stats?: SnapshotRouteOptions | undefined
  /** Shares health over Redis; absent, every replica keeps its own. */
  fleet?: FleetOptions | undefined
}

/** A route of its own for the snapshot, for a sidecar that reads it over HTTP. */
export interface SnapshotRouteOptions {
  /** Where it is served, from the root of the gateway. */
  path: string
  /** What a reader must send as `Authorization: Bearer <token>`. */
  token: string
  /** What an operator must send there to drain and stop servers. Default: nobody may. */
  adminToken?: string | undefined
}

/** How replicas share what they know. */
export interface FleetOptions {
  /**
   * Where the replicas meet: a URL, the options of ioredis (with `cluster: [nodes]` those of its
   * Cluster), or a client of your own, which is only duplicated. `undefined` keeps health to this
   * replica and says so.
   */
  redis?: RedisTarget | undefined
  /** In place of Redis: a store of your own, such as a `MemoryStore` for gateways in one process. */
  store?: (Store & Board) | undefined
  /** Fleets with different names do not see each other in one Redis. Default: `'default'`. */
  namespace?: string | undefined
  /** The name of this replica; host and process id when absent. */
  replica?: string | undefined
  /**
   * How many replicas must see a server fail before the others believe it; in a smaller fleet all
   * of them. Default: `2`.
   */
  quorum?: number | undefined
}

/** Header fields by lower-case name; a repeated one is a list. */
export type HeaderFields = Record<string, string | string[] | undefined>

export type HeaderRewrite<Request> = (request: Request, headers: HeaderFields) => HeaderFields
export type RewriteHeaders = (headers: HeaderFields, request?: FastifyRequest) => HeaderFields
