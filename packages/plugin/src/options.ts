import type {
  UpstreamOptions as CoreUpstreamOptions,
  KeyExpression as KeyExpressionOf,
  RetryOptions,
  TimeoutOptions,
} from '@holdfast/core'
import type { FastifyRequest, HTTPMethods, preHandlerHookHandler, RouteOptions } from 'fastify'

/** An upstream's options; the functions among its keys are called with Fastify's request. */
export interface UpstreamOptions extends CoreUpstreamOptions<FastifyRequest> {}

/** What yields a key: an nginx variable, a template of them, or a function of the request. */
export type KeyExpression = KeyExpressionOf<FastifyRequest>

/** Which of its requests a registration logs when they end. */
export type LogChoice = 'all' | 'moved' | 'off'

/** What `app.register(holdfast, ...)` takes. */
export interface HoldfastOptions {
  /** The path under which requests go to the upstream, as every Fastify plugin's. Default: `/`. */
  prefix?: string
  /**
   * The upstream: its options, the name of one that was registered before, or
   * `http://host:port` for a single server.
   */
  upstream: UpstreamOptions | string
  /** What takes the prefix's place on the way to the server. Default: `/`, so it is stripped. */
  rewritePrefix?: string | undefined
  /** The methods that are passed on. Default: all that Fastify knows. */
  httpMethods?: readonly HTTPMethods[] | undefined
  /** Runs before a request is passed on, as a route's own preHandler. */
  preHandler?: preHandlerHookHandler | preHandlerHookHandler[] | undefined
  /** Fastify's route constraints, such as `{ host: 'shop.example.com' }`. */
  constraints?: RouteOptions['constraints'] | undefined
  /** Changes the header fields that go to the server; names are in lower case. */
  rewriteRequestHeaders?: HeaderRewrite<FastifyRequest> | undefined
  /** Changes the header fields that go to the client; names are in lower case. */
  rewriteHeaders?: RewriteHeaders | undefined
  /** Most bytes of a request body. Default: Fastify's `bodyLimit`, 1 MiB. */
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
  /** Serves this replica's snapshot at `path`, to whoever sends `Bearer <token>`. */
  stats?: SnapshotRouteOptions | undefined
  /** Shares health over Redis; absent, every replica keeps its own. */
  fleet?: FleetOptions | undefined
}

export interface SnapshotRouteOptions {
  /** From the gateway's root. */
  path: string
  /** At least 16 characters. */
  token: string
}

export interface FleetOptions {
  /** `undefined` warns that health is not shared, and works. */
  redis: string | undefined
}

/** Header fields by lower-case name; a repeated one is a list. */
export type HeaderFields = Record<string, string | string[] | undefined>

export type HeaderRewrite<Request> = (request: Request, headers: HeaderFields) => HeaderFields
export type RewriteHeaders = (headers: HeaderFields, request?: FastifyRequest) => HeaderFields
