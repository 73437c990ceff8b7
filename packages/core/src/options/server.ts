import { createHash } from 'node:crypto'
import * as z from 'zod'
import { defaults } from '../defaults.js'
import type { ServerConfig } from '../servers/server.js'
import { type Address, readAddress } from './address.js'
import {
  choice,
  defaulted,
  duration,
  flag,
  group,
  later,
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

/** A server and what tells it from a second spelling of itself. */
interface Entry {
  readonly server: ServerConfig
  readonly endpoint: string
}

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
  resolve: later(),
  service: later(),
}).transform(({ address, id, failTimeout, slowStart, resolve, service, ...rest }) => ({
  server: {
    ...rest,
    address: address.text,
    id: id ?? address.text,
    tls: address.tls,
    failTimeoutS: failTimeout / 1000,
    slowStartS: slowStart / 1000,
    route: rest.route,
  },
  endpoint: address.endpoint,
}))

const shortEntry: z.ZodType<Entry, string> = z
  .string()
  .transform((text): ServerOptions => ({ address: text }))
  .pipe(entry)

const EXPECTED = "must be an address such as '10.0.0.11:8080', or an object with one"

const anyEntry = choice<Entry, ServerOptions | string>((value) => {
  if (typeof value === 'string') return shortEntry
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? entry : EXPECTED
}).meta({ shapes: () => [shortEntry, entry] })

/** One server's options, for the documentation. */
export const serverSchema: z.ZodType<unknown, ServerOptions> = entry

/** A whole list of servers, checked against one another. */
export const serversSchema: z.ZodType<
  readonly ServerConfig[],
  ReadonlyArray<ServerOptions | string>
> = listOf(anyEntry, "must be a list such as ['10.0.0.11:8080', '10.0.0.12:8080']")
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
  .transform((entries) => entries.map(({ server }) => server))
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
