import { hostname } from 'node:os'
import type { RetryConfig, TimeoutsConfig } from '@holdfast/core'
import { isReplicaName } from '@holdfast/core'
import type { Board, RedisTarget, Store } from '@holdfast/core/fleet'
import {
  choice,
  defaulted,
  flag,
  group,
  listOf,
  oneOf,
  optional,
  parseWith,
  required,
  retrySchema,
  text,
  timeoutsSchema,
  wholeNumber,
} from '@holdfast/core/options'
import type { HTTPMethods } from 'fastify'
import * as z from 'zod'
import type {
  FleetOptions,
  HoldfastOptions,
  LogChoice,
  SnapshotRouteOptions,
  UpstreamOptions,
} from './options.js'

/** A registration's options, parsed; the upstream's own are parsed by the core. */
export interface RegistrationConfig
  extends Pick<
    HoldfastOptions,
    'preHandler' | 'constraints' | 'rewriteHeaders' | 'rewriteRequestHeaders'
  > {
  readonly prefix: string
  readonly upstream: UpstreamOptions | string
  readonly rewritePrefix: string
  readonly httpMethods: readonly HTTPMethods[] | undefined
  readonly bodyLimit: number | undefined
  readonly sticky: false | undefined
  readonly retry: RetryConfig | undefined
  readonly timeouts: TimeoutsConfig | undefined
  readonly log: LogChoice
  readonly upgrades: boolean
  readonly stats: SnapshotRouteOptions | undefined
  readonly fleet: FleetConfig | undefined
}

const path = text(
  "must be a path that begins with '/'",
  'path',
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  (value) => value === '' || /^\/[^\u0000-\u0020?#\u007f]*$/.test(value),
)

const fn = <T>(): z.ZodType<T, T> =>
  z
    .custom<T>((value) => typeof value === 'function', { error: 'must be a function' })
    .meta({ values: 'function' })

const TOKEN_LEAST = 16

const tokenSchema: z.ZodType<string, string> = z
  .custom<string>((value) => typeof value === 'string' && value.length >= TOKEN_LEAST, {
    error: `must be ${TOKEN_LEAST} characters or more; \`openssl rand -hex 16\` makes one`,
    params: { secret: true },
  })
  .meta({ values: `text of ${TOKEN_LEAST} characters or more` })

/** `stats`. */
export const statsSchema: z.ZodType<SnapshotRouteOptions, SnapshotRouteOptions> = group({
  path: required('Where it is served, from the root of the gateway.', path),
  token: required('What a reader must send as `Authorization: Bearer <token>`.', tokenSchema),
  adminToken: optional(
    'What an operator must send there to drain and stop servers. Default: nobody may.',
    tokenSchema,
  ),
}).meta({ values: '[stats](#holdfast-stats)' })

/** What `fleet` says, complete. */
export interface FleetConfig {
  readonly redis: RedisTarget | undefined
  readonly store: (Store & Board) | undefined
  readonly namespace: string
  readonly replica: string
  readonly quorum: number
}

const MOST_QUORUM = 8

/** `fleet`. */
export const fleetSchema: z.ZodType<FleetConfig, FleetOptions> = group({
  redis: optional(
    'Where the replicas meet: a URL, the options of ioredis (with `cluster: [nodes]` those of its Cluster), or a client of your own, which is only duplicated. `undefined` keeps health to this replica and says so.',
    z
      .custom<RedisTarget>(isRedisTarget, {
        error: 'must be a URL (redis:// or rediss://), options of ioredis, or a client of ioredis',
        params: { secret: true },
      })
      .meta({ values: 'URL, object or client' }),
  ),
  store: optional(
    'In place of Redis: a store of your own, such as a `MemoryStore` for gateways in one process.',
    z
      .custom<Store & Board>(isStore, { error: 'must be a store, with exchange() and the rest' })
      .meta({ values: 'store' }),
  ),
  namespace: defaulted(
    'Fleets with different names do not see each other in one Redis.',
    text(
      'must be 1 to 64 letters, digits, dots, dashes and underscores',
      '`[A-Za-z0-9_.-]{1,64}`',
      (value) => /^[\w.-]{1,64}$/.test(value),
    ),
    { value: 'default', reason: 'most have one' },
  ),
  replica: optional(
    'The name of this replica; host and process id when absent.',
    text(
      'must be 1 to 100 letters, digits, dots, dashes, colons and underscores',
      '`[A-Za-z0-9_.:-]{1,100}`',
      isReplicaName,
    ),
  ),
  quorum: defaulted(
    'How many replicas must see a server fail before the others believe it; in a smaller fleet all of them.',
    wholeNumber(1, MOST_QUORUM),
    { value: 2, unit: 'replicas', reason: 'one bad replica cannot take servers from the others' },
  ),
})
  .transform(({ redis, store, replica, ...rest }) => ({
    ...rest,
    redis,
    store,
    replica: replica ?? ownName(),
  }))
  .meta({ values: '[fleet](#holdfast-fleet)' })

function isStore(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'exchange' in value && 'post' in value
}

function isRedisTarget(value: unknown): boolean {
  return typeof value === 'string'
    ? /^rediss?:\/\/\S+$/.test(value)
    : typeof value === 'object' && value !== null && !Array.isArray(value)
}

function ownName(): string {
  return `${hostname()}-${process.pid}`.replace(/[^\w.:-]/g, '_').slice(-100)
}

const upstream = choice<UpstreamOptions | string, UpstreamOptions | string>((value) =>
  typeof value === 'string' || (typeof value === 'object' && value !== null)
    ? z.custom<UpstreamOptions | string>()
    : 'must be the options of an upstream, the name of one, or http://host:port',
).meta({
  values: '[upstream](#upstream), the name of one registered before, or `http://host:port`',
})

/** Everything that `app.register(holdfast, ...)` takes beside the upstream's own options. */
export const registrationSchema: z.ZodType<RegistrationConfig, HoldfastOptions> = group({
  prefix: defaulted(
    "The path under which requests go to the upstream, as every Fastify plugin's.",
    path,
    {
      value: '/',
      reason: 'a gateway for one application',
    },
  ),
  upstream: required(
    'Where requests go: its options, the name of one registered before, or one server.',
    upstream,
  ),
  rewritePrefix: defaulted("What takes the prefix's place on the way to the server.", path, {
    value: '/',
    reason: "@fastify/http-proxy's: the prefix is the gateway's business",
  }),
  httpMethods: optional(
    'The methods that are passed on; absent, all that Fastify knows but TRACE.',
    listOf(
      z.custom<HTTPMethods>((value) => typeof value === 'string' && /^[A-Z-]+$/i.test(value), {
        error: 'must be the name of an HTTP method',
      }),
      "must be a list of methods such as ['GET', 'POST']",
    ).meta({ values: 'list of methods' }),
  ),
  preHandler: optional(
    'Runs before a request is passed on, as the preHandler of a route.',
    z
      .custom<HoldfastOptions['preHandler']>(
        (value) => typeof value === 'function' || Array.isArray(value),
        { error: 'must be a function or a list of functions' },
      )
      .meta({ values: 'hook or list of hooks' }),
  ),
  constraints: optional(
    'Route constraints, as Fastify has them.',
    z
      .custom<HoldfastOptions['constraints']>(
        (value) => typeof value === 'object' && value !== null,
        { error: "must be an object such as { host: 'shop.example.com' }" },
      )
      .meta({ values: "object such as `{ host: 'shop.example.com' }`" }),
  ),
  rewriteRequestHeaders: optional(
    'Changes the header fields that go to the server: `(request, fields) => fields`, names in lower case.',
    fn<HoldfastOptions['rewriteRequestHeaders']>(),
  ),
  rewriteHeaders: optional(
    'Changes the header fields that go to the client: `(fields, request) => fields`, names in lower case.',
    fn<HoldfastOptions['rewriteHeaders']>(),
  ),
  bodyLimit: optional(
    "Most bytes of a request body, counted as they pass; absent, Fastify's own limit, 1 MiB.",
    wholeNumber(0, Number.MAX_SAFE_INTEGER),
  ),
  sticky: optional(
    '`false` ignores and sets no bindings here, for paths that need no session.',
    oneOf(false),
  ),
  retry: optional("In place of the upstream's own.", retrySchema),
  timeouts: optional("In place of the upstream's own.", timeoutsSchema),
  log: defaulted(
    'Which requests are logged at level info when they end.',
    oneOf<LogChoice>('all', 'moved', 'off'),
    { value: 'all', reason: "one line a request, as nginx's access log" },
  ),
  upgrades: defaulted(
    'Whether WebSockets and other upgrades under the prefix are tunnelled; `false` leaves them to others.',
    flag(),
    { value: true, reason: 'a client should not have to know that a proxy is there' },
  ),
  stats: optional("Serves this replica's snapshot to whoever has the token.", statsSchema),
  fleet: optional('Shares health over Redis; absent, every replica keeps its own.', fleetSchema),
}) as unknown as z.ZodType<RegistrationConfig, HoldfastOptions>

/**
 * Checks what a registration was given.
 * @throws OptionError with the path of the first thing that is wrong.
 */
export function parseRegistration(options: HoldfastOptions): RegistrationConfig {
  return parseWith(registrationSchema, options, 'holdfast')
}
