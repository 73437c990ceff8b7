import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import * as z from 'zod'
import { defaults } from '../defaults.js'
import type { NameConfig } from '../discovery/name.js'
import { parseDuration } from '../kernel/duration.js'
import type { ServerConfig } from '../servers/server.js'
import { type Address, readAddress } from './address.js'
import {
  choice,
  defaulted,
  duration,
  flag,
  group,
  LONGEST_TIMER_MS,
  listOf,
  optional,
  required,
  text,
  wholeNumber,
} from './fields.js'
import type { ServerOptions } from './types.js'

const MOST_WEIGHT = 65_535
const MOST = Number.MAX_SAFE_INTEGER
const UINT32 = 0xffff_ffff

const address: z.ZodType<Address, string> = z
  .string({
    error: ({ input }) =>
      input === undefined ? 'is required' : "must be text such as 'host:port'",
  })
  .transform((written, ctx) => {
    const read = readAddress(written)
    if ('endpoint' in read) return read
    const { problem, secret = false } = read
    ctx.addIssue({ code: 'custom', message: problem, params: { secret } })
    return z.NEVER
  })
  .meta({ values: '`host:port`, `host`, `[v6]:port`, `[v6]`, `unix:/path`' })

const incarnation: z.ZodType<number, number | string> = choice<number, number | string>((value) =>
  typeof value === 'string' ? namedLife : numberedLife,
).meta({ values: `whole number, 0 to ${UINT32}, or text` })

const numberedLife = wholeNumber(0, UINT32)

const namedLife = text('must not be empty', 'text', (name) => name !== '').transform((name) => {
  const number = createHash('sha256').update(name, 'utf8').digest().readUInt32BE(0)
  // 0 means that the list tells no lives apart.
  return number === 0 ? 1 : number
})

const id = text('must be 1 to 255 characters, none of them a control character', 'text', (name) =>
  /^\P{Cc}{1,255}$/u.test(name),
)

// It travels in cookies and URLs, and nginx takes no more than 32 bytes.
const route = text(
  'must be 1 to 32 printable ASCII characters without spaces, quotes, commas, ; and \\',
  '1 to 32 characters',
  (name) => /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{1,32}$/.test(name),
)

const service = text(
  "must be the name of a service such as 'http' or '_http._tcp'",
  "text: `'http'`, `'_http._tcp'`",
  (name) => /^[\w-]+(\.[\w-]+)*$/.test(name),
)

/** An entry of the list, and what tells it from a second spelling of itself. */
export interface Entry {
  readonly server: ServerConfig
  readonly endpoint: string
  /** Where the entry is a name that stands for servers to be found. */
  readonly lookup: Lookup | undefined
}

type Lookup = Pick<NameConfig, 'label' | 'host' | 'port' | 'service' | 'resolveMs'>

const entry: z.ZodType<Entry, ServerOptions> = group({
  address: required(
    "Where it listens; `https://` before it means TLS. The text as written, without the scheme, is the server's identity in every hash.",
    address,
  ),
  id: optional('The name that operators and statistics use; the address when absent.', id),
  incarnation: defaulted(
    "Tells one life of a recycled address from the next, as a pod's uid does: a session of another life has lost its server. Text is hashed to a number.",
    incarnation,
    defaults.server.incarnation,
  ),
  weight: defaulted(
    "Its share of the requests, compared with the other servers'.",
    wholeNumber(1, MOST_WEIGHT),
    defaults.server.weight,
  ),
  maxFails: defaulted(
    'Fails within `failTimeout` that eject it; 0 never ejects.',
    wholeNumber(0, MOST),
    defaults.server.maxFails,
  ),
  failTimeout: defaulted(
    'How long a fail counts, and how long an ejection lasts; whole seconds.',
    duration({ whole: 'as nginx' }),
    defaults.server.failTimeout,
  ),
  maxConns: defaulted(
    'Requests and tunnels at the same time, from one replica; 0 is no limit.',
    wholeNumber(0, MOST),
    defaults.server.maxConns,
  ),
  backup: defaulted(
    'Takes requests only while no other server can. Not with a hash or random balance.',
    flag(),
    defaults.server.backup,
  ),
  down: defaulted(
    'Takes no requests at all, but keeps its place in every hash.',
    flag(),
    defaults.server.down,
  ),
  drain: defaulted(
    'Keeps the sessions it has and gets no new ones.',
    flag(),
    defaults.server.drain,
  ),
  slowStart: defaulted(
    'After it was ejected or down, or joined later, its share of new sessions grows over this time; whole seconds. Not with a hash balance, where keys stay in their places.',
    duration({ whole: 'as failTimeout' }),
    defaults.server.slowStart,
  ),
  route: optional("The id that a route or a cookie of nginx's style knows it by.", route),
  resolve: optional(
    "Looks the address up as a name, at least this often: each address that it leads to is a server. Default: `'5s'` with `service`.",
    duration({ min: '100ms', maxMs: LONGEST_TIMER_MS }),
  ),
  service: optional(
    "Looks up the name's SRV records, which say the ports: `'http'` stands for `_http._tcp.<address>`; one with a dot is taken as it is.",
    service,
  ),
})
  .superRefine((options, ctx) => {
    for (const { key, message } of lookupProblems(options)) {
      ctx.addIssue({ code: 'custom', path: [key], message })
    }
  })
  .transform(({ address, id, failTimeout, slowStart, resolve, service, ...rest }) => {
    const lookup = lookupOf(address.text, resolve, service)
    return {
      server: {
        ...rest,
        address: address.text,
        id: id ?? lookup?.label ?? address.text,
        tls: address.tls,
        failTimeoutS: failTimeout / 1000,
        slowStartS: slowStart / 1000,
        route: rest.route,
      },
      endpoint: lookup?.service ?? address.endpoint,
      lookup,
    }
  })

const DEFAULT_RESOLVE_MS = parseDuration(defaults.discovery.resolve.value) ?? 0

function lookupOf(
  address: string,
  resolveMs: number | undefined,
  service: string | undefined,
): Lookup | undefined {
  if (resolveMs === undefined && service === undefined) return undefined
  const [host = address, port] = address.split(':')
  const records =
    service && `${service.includes('.') ? service : `_${service.replace(/^_/, '')}._tcp`}.${host}`
  return {
    label: records ?? address,
    host,
    port,
    service: records,
    resolveMs: resolveMs ?? DEFAULT_RESOLVE_MS,
  }
}

interface LookupProblem {
  readonly key: 'address' | 'resolve' | 'route' | 'service'
  readonly message: string
}

function* lookupProblems(options: {
  readonly address: Address
  readonly resolve?: number | undefined
  readonly service?: string | undefined
  readonly route?: string | undefined
}): Generator<LookupProblem> {
  const { address, resolve, service, route } = options
  if (resolve === undefined && service === undefined) return
  const { text } = address
  const key = service === undefined ? 'resolve' : 'service'
  if (text.startsWith('unix:') || text.startsWith('[') || isIP(text.split(':')[0] ?? '') !== 0) {
    yield { key, message: 'has nothing to look up: the address is no name' }
  } else if (service !== undefined && text.includes(':')) {
    yield { key: 'address', message: "must have no port: the service's records say it" }
  }
  if (route !== undefined) {
    yield { key: 'route', message: 'cannot tell the servers of a name apart' }
  }
}

const shortEntry: z.ZodType<Entry, string> = z
  .string()
  .transform((text): ServerOptions => ({ address: text }))
  .pipe(entry)

const EXPECTED = "must be an address such as '10.0.0.11:8080', or an object with one"

/** One entry of a list, in either of its forms. */
export const entrySchema: z.ZodType<Entry, ServerOptions | string> = choice<
  Entry,
  ServerOptions | string
>((value) => {
  if (typeof value === 'string') return shortEntry
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? entry : EXPECTED
}).meta({ shapes: () => [shortEntry, entry] })

/** One server's options, for the documentation. */
export const serverSchema: z.ZodType<unknown, ServerOptions> = entry

/** A whole list of servers, checked against one another. */
export const serversSchema: z.ZodType<
  readonly Entry[],
  ReadonlyArray<ServerOptions | string>
> = listOf(entrySchema, "must be a list such as ['10.0.0.11:8080', '10.0.0.12:8080']")
  .superRefine((entries, ctx) => {
    for (const { index, key, problem } of duplicates(entries)) {
      ctx.addIssue({ code: 'custom', path: [index, key], message: problem })
    }
    if (entries.length === 0) {
      ctx.addIssue({ code: 'custom', message: 'needs at least one server' })
    } else if (entries.every(({ server }) => server.backup)) {
      ctx.addIssue({ code: 'custom', message: 'needs a server that is no backup' })
    }
  })
  .meta({ values: 'list of addresses or [servers](#servers)' })

interface Duplicate {
  readonly index: number
  readonly key: 'address' | 'id'
  readonly problem: string
}

function* duplicates(entries: readonly Entry[]): Generator<Duplicate> {
  const endpoints = new Map<string, number>()
  const ids = new Map<string, number>()
  for (const [index, { server, endpoint }] of entries.entries()) {
    const same = endpoints.get(endpoint)
    const namesake = ids.get(server.id)
    if (same !== undefined) {
      yield { index, key: 'address', problem: `is the same server as servers[${same}]` }
    } else if (namesake !== undefined) {
      yield { index, key: 'id', problem: `is the id of servers[${namesake}] too` }
    }
    endpoints.set(endpoint, same ?? index)
    ids.set(server.id, namesake ?? index)
  }
}
