import { OptionError } from '@holdfast/core'
import type { RedisTarget } from '@holdfast/core/fleet'
import {
  defaulted,
  duration,
  group,
  listOf,
  optional,
  parseWith,
  required,
  text,
} from '@holdfast/core/options'
import * as z from 'zod'
import type { GatewayHandle, SnapshotSource } from './sources/in-process.js'
import type { ReplicaAddress } from './sources/replicas.js'

/** What `app.register(stats, ...)` takes. */
export interface StatsOptions {
  /** The gateway of this process, `app.holdfast`. Default: that of the app it is registered on. */
  readonly gateway?: GatewayHandle | undefined
  /** Any other way to snapshots: a function that returns one, or several. */
  readonly source?: SnapshotSource | undefined
  /** The replicas of a fleet without Redis: where each serves its snapshot. */
  readonly replicas?: ReadonlyArray<ReplicaOptions> | undefined
  /** The Redis of the fleet: a URL, ioredis options, or a client of ioredis. */
  readonly redis?: RedisTarget | undefined
  /** The fleet's namespace in Redis. Default: `'default'`. */
  readonly namespace?: string | undefined
  /** What callers must show; without a read token, only this machine may read. */
  readonly tokens?: TokensOptions | undefined
  /** Host fields under which it may be read without a token, beside those of loopback. */
  readonly hosts?: readonly string[] | undefined
  /** How often the sources are asked. Default: `'1s'`. */
  readonly interval?: string | undefined
  /** How long after its last snapshot a replica counts as silent. Default: `'10s'`. */
  readonly silentAfter?: string | undefined
  /** How long after its last snapshot a replica is forgotten. Default: `'5m'`. */
  readonly expireAfter?: string | undefined
}

export interface ReplicaOptions {
  /** Of the path that the plugin's `stats.path` names. */
  readonly url: string
  /** The replica's `stats.token`. */
  readonly token: string
  /** The replica's `stats.adminToken`; absent, servers cannot be drained there. */
  readonly adminToken?: string | undefined
}

/** Each is 16 characters or more. */
export interface TokensOptions {
  readonly read?: string | undefined
  readonly admin?: string | undefined
}

export type SourceChoice =
  | { readonly kind: 'gateway'; readonly gateway: GatewayHandle }
  | { readonly kind: 'function'; readonly read: SnapshotSource }
  | { readonly kind: 'redis'; readonly redis: RedisTarget; readonly namespace: string }
  | { readonly kind: 'replicas'; readonly replicas: readonly ReplicaAddress[] }

export interface StatsConfig {
  readonly source: SourceChoice
  readonly tokens: TokensOptions
  readonly hosts: ReadonlySet<string>
  readonly intervalMs: number
  readonly silentAfterMs: number
  readonly expireAfterMs: number
}

const TOKEN_LEAST = 16

const token: z.ZodType<string, string> = z
  .custom<string>((value) => typeof value === 'string' && isToken(value), {
    error: `must be ${TOKEN_LEAST} visible ASCII characters or more; \`openssl rand -hex 16\` makes one`,
    params: { secret: true },
  })
  .meta({ values: `text of ${TOKEN_LEAST} characters or more` })

// What can stand after `Bearer` in one piece.
function isToken(value: string): boolean {
  return value.length >= TOKEN_LEAST && /^[!-~]+$/.test(value)
}

const url = text('must be an http:// or https:// URL', 'URL', (value) => {
  const parsed = URL.canParse(value) ? new URL(value) : undefined
  return parsed?.protocol === 'http:' || parsed?.protocol === 'https:'
})

const gatewaySchema = z.custom<GatewayHandle>(
  (value) => typeof value === 'object' && value !== null && 'snapshot' in value,
  { error: 'must be app.holdfast' },
)

const sourceSchema = z.custom<SnapshotSource>((value) => typeof value === 'function', {
  error: 'must be a function',
})

const redisSchema = z.custom<RedisTarget>(
  (value) =>
    typeof value === 'object' || (typeof value === 'string' && /^rediss?:\/\//.test(value)),
  {
    error: 'must be a redis:// or rediss:// URL, ioredis options or a client',
    params: { secret: true },
  },
)

const replicaSchema = group({
  url: required('Of the path that the plugin’s `stats.path` names.', url),
  token: required('The replica’s `stats.token`.', token),
  adminToken: optional('The replica’s `stats.adminToken`.', token),
})

const tokensSchema = group({
  read: optional('Lets its bearer read.', token),
  admin: optional('Lets its bearer read, and drain and stop servers.', token),
})

const schema = group({
  gateway: optional('The gateway of this process.', gatewaySchema),
  source: optional('A function that returns snapshots.', sourceSchema),
  replicas: optional(
    'Where replicas serve their snapshots.',
    listOf(replicaSchema, 'must be a list'),
  ),
  redis: optional('The Redis of the fleet.', redisSchema),
  namespace: defaulted(
    'The fleet’s namespace in Redis.',
    text('must be 1 to 64 letters, digits, . _ or -', 'text', (value) =>
      /^[\w.-]{1,64}$/.test(value),
    ),
    { value: 'default', reason: 'one fleet a Redis is the rule' },
  ),
  tokens: optional('What callers must show.', tokensSchema),
  hosts: optional(
    'Host fields that may read without a token.',
    listOf(
      text('must be text', 'text', () => true),
      'must be a list',
    ),
  ),
  interval: defaulted('How often the sources are asked.', duration({ min: '100ms' }), {
    value: '1s',
    reason: 'a dead server is seen within two seconds',
  }),
  silentAfter: defaulted('When a replica counts as silent.', duration({ min: '1s' }), {
    value: '10s',
    reason: 'a pause of the process is no silence',
  }),
  expireAfter: defaulted('When a replica is forgotten.', duration({ min: '1s' }), {
    value: '5m',
    reason: 'a deploy is over by then',
  }),
})

// What Fastify itself takes out of a plugin's options.
const FASTIFY_OPTIONS = new Set(['prefix', 'logLevel', 'logSerializers'])

/**
 * Parses the options.
 * @throws OptionError that names the option and its value.
 */
export function parseOptions(options: object, own: GatewayHandle | undefined): StatsConfig {
  const given = Object.entries(options).filter(([name]) => !FASTIFY_OPTIONS.has(name))
  const parsed = parseWith(schema, Object.fromEntries(given), 'stats')
  const { tokens = {}, hosts = [], interval, silentAfter, expireAfter } = parsed
  if (tokens.read !== undefined && tokens.read === tokens.admin) {
    throw new OptionError('stats.tokens', 'read and admin must differ')
  }
  return {
    source: chooseSource(parsed, own),
    tokens,
    hosts: new Set(hosts.map((host) => host.toLowerCase())),
    intervalMs: interval,
    silentAfterMs: silentAfter,
    expireAfterMs: expireAfter,
  }
}

type SourceOptions = Pick<StatsOptions, 'gateway' | 'source' | 'replicas' | 'redis' | 'namespace'>

function chooseSource(
  { gateway, source, replicas, redis, namespace = '' }: SourceOptions,
  own: GatewayHandle | undefined,
): SourceChoice {
  const given = [gateway, source, replicas, redis].filter((one) => one !== undefined)
  if (given.length > 1) {
    throw new OptionError('stats', 'takes one of gateway, source, replicas and redis')
  }
  if (source !== undefined) return { kind: 'function', read: source }
  if (redis !== undefined) return { kind: 'redis', redis, namespace }
  if (replicas !== undefined) {
    if (replicas.length === 0) throw new OptionError('stats.replicas', 'names none')
    return {
      kind: 'replicas',
      replicas: replicas.map(({ url, token, adminToken }) => ({
        url: new URL(url),
        token,
        adminToken,
      })),
    }
  }
  const handle = gateway ?? own
  if (handle !== undefined) return { kind: 'gateway', gateway: handle }
  throw new OptionError(
    'stats.source',
    'is needed here: register after @holdfast/plugin on the same app, or give gateway, source, replicas or redis',
  )
}
