import { isIP } from 'node:net'
import * as z from 'zod'
import type { Discover, UpstreamConfig } from '../config.js'
import { defaults } from '../defaults.js'
import type { NameConfig } from '../discovery/name.js'
import type { ServerConfig } from '../servers/server.js'
import { balanceSchema, refusesBackups } from './balance.js'
import { checksSchema } from './checks.js'
import { ejectionSchema } from './ejection.js'
import {
  defaulted,
  duration,
  flag,
  group,
  LONGEST_TIMER_MS,
  listOf,
  nested,
  optional,
  required,
  text,
} from './fields.js'
import { rebalanceSchema } from './rebalance.js'
import { retrySchema } from './retry.js'
import { type Entry, serversSchema } from './server.js'
import { stickySchema } from './sticky.js'
import { timeoutsSchema } from './timeouts.js'
import { tlsSchema } from './tls.js'
import type { DiscoverFunction, UpstreamOptions } from './types.js'

const name = text(
  'must be 1 to 64 letters, digits, dots, dashes and underscores',
  '`[A-Za-z0-9_.-]{1,64}`',
  (value) => /^[\w.-]{1,64}$/.test(value),
)

const host = text(
  "must be '$host', '$proxy_host' or a host such as 'example.com:8080'",
  "`'$host'`, `'$proxy_host'`, or text",
  (value) => /^(\$host|\$proxy_host|[\w.:[\]-]+)$/.test(value),
)

const nameServer = text(
  "must be an IP address such as '10.0.0.2', '127.0.0.1:8600' or '[::1]:53'",
  'address',
  (value) => {
    const [, v6, v4] = /^(?:\[([^\]]+)\]|([^:[]+))(?::[1-9]\d{0,4})?$/.exec(value) ?? []
    return isIP(v6 ?? v4 ?? value) !== 0
  },
)

/** All of an upstream's options; warnings are found afterwards. */
export const upstreamSchema: z.ZodType<Omit<UpstreamConfig, 'warnings'>, UpstreamOptions> = group({
  name: required(
    'Its name in logs, statistics and sealed cookies; the same on every replica.',
    name,
  ),
  servers: optional(
    'Its members, in an order that counts: index cookies and ties go by it.',
    serversSchema,
  ),
  discover: optional(
    'In place of `servers`: yields the whole list whenever it changes, until the signal aborts; the members are sorted by address.',
    z
      .custom<Discover & DiscoverFunction>((value) => typeof value === 'function', {
        error: 'must be a function that returns an async iterable of lists of servers',
      })
      .meta({ values: 'function of an AbortSignal' }),
  ),
  settle: optional(
    'How long a server that is discovered later takes no new sessions, so that every replica knows it by then. Absent: two resolve intervals; 10s with `discover`.',
    duration({ maxMs: LONGEST_TIMER_MS }),
  ),
  linger: defaulted(
    'How long a discovered server that is not named any more keeps its sessions.',
    duration({ maxMs: LONGEST_TIMER_MS }),
    defaults.discovery.linger,
  ),
  resolver: optional(
    "The name servers that `resolve` and `service` ask; the machine's when absent.",
    listOf(nameServer, "must be a list such as ['10.0.0.2', '127.0.0.1:8600']")
      .min(1, 'needs at least one, or leave it out')
      .meta({ values: 'list of addresses, with a port or without' }),
  ),
  balance: defaulted(
    'Who gets a request that belongs to no server yet.',
    balanceSchema,
    defaults.upstream.balance,
  ),
  sticky: optional('How sessions stay with their server; absent, they do not.', stickySchema),
  rebalance: optional(
    'Moves sessions from servers that have more than their share to those that have less, such as new ones, the idle sessions first and each once; absent, sessions stay where they are. For sealed cookies.',
    rebalanceSchema,
  ),
  retry: nested('When a request goes on to another server.', retrySchema, {}),
  timeouts: nested('How long an attempt may take.', timeoutsSchema, {}),
  ejection: nested('How ejections grow, and how many there may be.', ejectionSchema, {}),
  host: defaulted(
    "The Host header that servers get: the client's, the address, or this text.",
    host,
    defaults.upstream.host,
  ),
  tls: nested('TLS towards the servers whose address begins with `https://`.', tlsSchema, {}),
  failOpen: defaulted(
    'With every server ejected: `true` tries the bound one, else the one whose ejection ends first; `false` answers 502 at once, as nginx does.',
    flag(),
    defaults.upstream.failOpen,
  ),
  checks: optional('Active health checks; absent, none are made.', checksSchema),
})
  .superRefine(({ servers, discover }, ctx) => {
    if ((servers === undefined) !== (discover === undefined)) return
    const [key, message] =
      servers === undefined
        ? ['servers', 'is required, unless there is `discover`']
        : ['discover', 'stands in place of servers: leave one of them out']
    ctx.addIssue({ code: 'custom', path: [key], message })
  })
  .superRefine(({ rebalance, sticky }, ctx) => {
    if (rebalance === undefined) return
    const movable = sticky?.kind === 'cookie' && sticky.format === 'sealed' && !sticky.hide
    const message = !movable
      ? 'needs sticky: { cookie, keys }: only a sealed cookie names its session'
      : sticky.rebind === 'never'
        ? "contradicts rebind: 'never', which sends sessions back"
        : undefined
    if (message !== undefined) ctx.addIssue({ code: 'custom', path: ['rebalance'], message })
  })
  .superRefine(({ servers = [], balance: { balance } }, ctx) => {
    if (!refusesBackups(balance)) return
    for (const [index, { server }] of servers.entries()) {
      if (!server.backup) continue
      const message = `has no meaning with balance '${balance.kind}', which knows no backups`
      ctx.addIssue({ code: 'custom', path: ['servers', index, 'backup'], message })
    }
  })
  .transform(({ servers = [], settle, linger, balance, ...rest }) => ({
    ...ABSENT,
    ...rest,
    ...balance,
    ...splitList(servers, !refusesBackups(balance.balance)),
    settleMs: settle ?? settleFor(servers, rest.discover),
    lingerMs: linger,
  }))

/** What is not said is there all the same. */
const ABSENT = {
  sticky: undefined,
  discover: undefined,
  resolver: undefined,
  rebalance: undefined,
  checks: undefined,
}

/** Puts the servers and the names of a list apart. */
function splitList(
  entries: readonly Entry[],
  backups: boolean,
): Pick<UpstreamConfig, 'servers' | 'names'> {
  const servers: ServerConfig[] = []
  const names: NameConfig[] = []
  for (const { server, lookup } of entries) {
    if (lookup === undefined) servers.push(server)
    else names.push({ ...lookup, like: server, backups, position: servers.length })
  }
  return { servers, names }
}

// Replicas ask at different times: after one interval each has asked, and after two has heard.
const INTERVALS = 2
const DISCOVER_SETTLE_MS = 10_000

function settleFor(entries: readonly Entry[], discover: Discover | undefined): number {
  if (discover !== undefined) return DISCOVER_SETTLE_MS
  return INTERVALS * Math.max(0, ...entries.map(({ lookup }) => lookup?.resolveMs ?? 0))
}
