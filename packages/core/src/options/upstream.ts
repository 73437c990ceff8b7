import type * as z from 'zod'
import type { UpstreamConfig } from '../config.js'
import { defaults } from '../defaults.js'
import { balanceSchema, refusesBackups } from './balance.js'
import { checksSchema } from './checks.js'
import { ejectionSchema } from './ejection.js'
import { defaulted, flag, group, later, nested, optional, required, text } from './fields.js'
import { retrySchema } from './retry.js'
import { serversSchema } from './server.js'
import { stickySchema } from './sticky.js'
import { timeoutsSchema } from './timeouts.js'
import { tlsSchema } from './tls.js'
import type { UpstreamOptions } from './types.js'

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

/** All of an upstream's options; warnings are found afterwards. */
export const upstreamSchema: z.ZodType<Omit<UpstreamConfig, 'warnings'>, UpstreamOptions> = group({
  name: required(
    'Its name in logs, statistics and sealed cookies; the same on every replica.',
    name,
  ),
  discover: later(),
  servers: required(
    'Its members, in an order that counts: index cookies and ties go by it.',
    serversSchema,
  ),
  balance: defaulted(
    'Who gets a request that belongs to no server yet.',
    balanceSchema,
    defaults.upstream.balance,
  ),
  sticky: optional('How sessions stay with their server; absent, they do not.', stickySchema),
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
  .superRefine(({ servers, balance: { balance } }, ctx) => {
    if (!refusesBackups(balance)) return
    for (const [index, { backup }] of servers.entries()) {
      if (!backup) continue
      const message = `has no meaning with balance '${balance.kind}', which knows no backups`
      ctx.addIssue({ code: 'custom', path: ['servers', index, 'backup'], message })
    }
  })
  .transform(({ balance, sticky, discover, checks, ...rest }) => ({
    ...rest,
    ...balance,
    sticky,
    checks,
  }))
