import type { UpstreamOptions } from '@holdfast/core'
import {
  choice,
  defaulted,
  duration,
  group,
  listOf,
  oneOf,
  optional,
  required,
  retrySchema,
  text,
  timeoutsSchema,
  wholeNumber,
} from '@holdfast/core/options'
import * as z from 'zod'
import { asWritten, certificate, endpoint, hostNames, trustProxy, urlPath } from './fields.js'
import type {
  CacheConfig,
  CertificateConfig,
  FleetFileOptions,
  GatewayConfig,
  HeadersConfig,
  ListenConfig,
  RouteConfig,
  StatsConfig,
} from './types.js'

const MOST = Number.MAX_SAFE_INTEGER

const certificates = choice<readonly CertificateConfig[], unknown>((value) =>
  Array.isArray(value)
    ? listOf(certificate, 'must be a list of { cert, key }').min(1, 'needs a certificate')
    : certificate.transform((one) => [one]),
).meta({ values: '`{ cert, key }`, or a list of them', shapes: () => [certificate] })

export const listenerSchema: z.ZodType<ListenConfig, unknown> = group({
  address: required('Where to listen.', endpoint),
  tls: optional(
    'The certificates; with them HTTP/2 is spoken too. A client gets the first that is for the name it asks for.',
    certificates,
  ),
}).transform(({ address, tls }) => ({ ...address, tls }))

const plainListener: z.ZodType<ListenConfig, string> = endpoint.transform((address) => ({
  ...address,
  tls: undefined,
}))

const listener = choice<ListenConfig, unknown>((value) =>
  typeof value === 'string'
    ? plainListener
    : typeof value === 'object'
      ? listenerSchema
      : "must be an address such as '127.0.0.1:8080', or { address, tls }",
).meta({ shapes: () => [endpoint, listenerSchema] })

const listen = choice<readonly ListenConfig[], unknown>((value) =>
  Array.isArray(value)
    ? listOf(listener, 'must be an address, or a list').min(1, 'needs an address')
    : listener.transform((one) => [one]),
).meta({
  values: 'address or `{ address, tls }`, one or a list',
  shapes: () => [listener, z.array(listener)],
})

const fieldName = /^[\w!#$%&'*+.^`|~-]{1,256}$/
const fieldValue = choice<string | false, string | false>((value) =>
  value === false
    ? oneOf(false)
    : text('must be text without line breaks, or false', 'text', (one) =>
        /^(?:\t|\P{Cc})*$/u.test(one),
      ),
)

const fields = z
  .record(z.string().regex(fieldName, 'is no name of a header field'), fieldValue, {
    error: "must be header fields such as { 'X-Shop': 'yes', 'X-Old': false }",
  })
  .meta({ values: 'fields by name; `false` removes one', json: { type: 'object' } })

export const headersSchema: z.ZodType<HeadersConfig, unknown> = group({
  request: optional('Fields for the server; values may hold nginx variables.', fields),
  response: optional('Fields for the client; values may hold nginx variables.', fields),
}).transform(({ request = {}, response = {} }) => ({ request, response }))

const STATUS = /^[1-5]\d\d$/
const size = text("must be a size such as '10m' or '512k'", "size: `'10m'`, `'512k'`", (value) =>
  /^\d{1,9}[kmg]?$/i.test(value),
).transform((value) => {
  const unit = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }[value.slice(-1).toLowerCase()] ?? 1
  return Number.parseInt(value, 10) * unit
})

export const cacheSchema: z.ZodType<CacheConfig, unknown> = group({
  valid: required(
    'How long answers without a word of their own about it are good, by status.',
    z
      .record(
        z.string().regex(STATUS, 'is no status'),
        duration({ min: '1s', whole: 'as caches do' }),
        {
          error: "must be durations by status, such as { 200: '1h' }",
        },
      )
      .transform(
        (valid) => new Map(Object.entries(valid).map(([status, ms]) => [Number(status), ms])),
      )
      .meta({ values: "durations by status: `{ 200: '1h' }`" }),
  ),
  size: defaulted('All that is kept.', size, {
    value: '10m',
    reason: 'a site has some styles and scripts',
  }),
})

const host = optional(
  'Whose requests it takes; all that no other route names when absent.',
  hostNames,
)

export const routeSchema: z.ZodType<RouteConfig, unknown> = group({
  host,
  prefix: defaulted('The path under which it takes requests, segment by segment.', urlPath, {
    value: '/',
    reason: 'most hosts have one application',
  }),
  upstream: required(
    'Where they go.',
    text('must be the name of an upstream', 'name', (name) => name !== ''),
  ),
  rewritePrefix: optional(
    "What takes the prefix's place on the way; absent, it stays, as with nginx's `proxy_pass http://name`.",
    urlPath,
  ),
  headers: optional('Header fields to set or to remove.', headersSchema),
  timeouts: optional("In place of the upstream's own.", asWritten(timeoutsSchema)),
  retry: optional("In place of the upstream's own.", asWritten(retrySchema)),
  bodyLimit: optional('Most bytes of a request body; 1 MiB when absent.', wholeNumber(0, MOST)),
  sticky: optional('`false` ignores and sets no bindings here.', oneOf(false)),
  cache: optional('Keeps answers in memory, and does without affinity.', cacheSchema),
}).transform(
  ({
    host = [],
    rewritePrefix,
    headers = { request: {}, response: {} },
    sticky,
    ...rest
  }): RouteConfig => {
    const prefix = rest.prefix === '/' ? '/' : rest.prefix.replace(/\/+$/, '')
    return {
      hosts: host,
      upstream: rest.upstream,
      prefix,
      rewritePrefix: rewritePrefix ?? prefix,
      headers,
      timeouts: rest.timeouts,
      retry: rest.retry,
      bodyLimit: rest.bodyLimit,
      sticky: sticky !== false && rest.cache === undefined,
      cache: rest.cache,
    }
  },
)

const redisUrl = z
  .custom<string>((value) => typeof value === 'string' && /^rediss?:\/\//.test(value), {
    error: "must be a URL such as 'rediss://:password@redis:6379'",
    params: { secret: true },
  })
  .meta({ values: 'URL', json: { type: 'string' } })

const word = text(
  'must be 1 to 64 letters, digits, dots, dashes and underscores',
  'name',
  (value) => /^[\w.-]{1,64}$/.test(value),
)

export const fleetSchema: z.ZodType<FleetFileOptions, unknown> = group({
  redis: required('Where health is shared.', redisUrl),
  namespace: optional('Tells fleets on one Redis apart.', word),
  replica: optional('How this replica calls itself; host and process when absent.', word),
  quorum: optional('Replicas that must have seen fails before all eject.', wholeNumber(1, 1000)),
}).transform((options) => options as FleetFileOptions)

const token = z
  .custom<string>((value) => typeof value === 'string' && value.length >= 16, {
    error: 'must be 16 characters or more; `openssl rand -hex 16` makes one',
    params: { secret: true },
  })
  .meta({ values: 'text of 16 characters or more', json: { type: 'string', minLength: 16 } })

export const statsSchema: z.ZodType<StatsConfig, unknown> = group({
  listen: required('Where the statistics are served.', endpoint),
  readToken: optional('What a reader must send as `Authorization: Bearer`.', token),
  adminToken: optional(
    'What must be sent to drain, stop and weigh servers; nobody can when absent.',
    token,
  ),
}).transform(({ listen, readToken, adminToken }) => ({ listen, readToken, adminToken }))

const plainStats = endpoint.transform((listen) => ({
  listen,
  readToken: undefined,
  adminToken: undefined,
}))

const stats = choice<StatsConfig, unknown>((value) =>
  typeof value === 'string' ? plainStats : statsSchema,
).meta({ values: 'address, or `{ listen, readToken }`', shapes: () => [endpoint, statsSchema] })

/** The parts of a gateway file that do not need the others; upstreams are parsed by the core. */
export type GatewayShape = Omit<GatewayConfig, 'upstreams'> & {
  readonly upstreams: Readonly<Record<string, Partial<UpstreamOptions>>>
}

export const gatewaySchema: z.ZodType<GatewayShape, unknown> = group({
  $schema: optional(
    'For editors.',
    text('must be text', 'URL', () => true),
  ),
  listen: required('Where clients come in.', listen),
  admin: optional(
    'Where `/livez`, `/readyz`, `/snapshot` and `/metrics` are: for operators only.',
    endpoint,
  ),
  trustProxy: defaulted('Whose word on the client is taken: the proxies in front.', trustProxy, {
    value: false,
    reason: 'anybody can send X-Forwarded-For',
  }),
  upstreams: required(
    "The upstreams by name, each with the plugin's options.",
    z
      .record(
        z.string(),
        z.custom<Partial<UpstreamOptions>>(isObject, { error: 'must be an object' }),
        {
          error: 'must be upstreams by name',
        },
      )
      .meta({ values: '[upstreams](#upstream) by name' }),
  ),
  routes: required(
    'Which requests go where: first by host, then by the longest prefix.',
    listOf(routeSchema, 'must be a list of routes').min(1, 'needs a route'),
  ),
  fleet: optional('Shares health with other replicas.', fleetSchema),
  stats: optional('Serves statistics.', stats),
  log: defaulted('Which requests are logged when they end.', oneOf('all', 'moved', 'off'), {
    value: 'all',
    reason: "one line a request, as nginx's access log",
  }),
}) as unknown as z.ZodType<GatewayShape, unknown>

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
