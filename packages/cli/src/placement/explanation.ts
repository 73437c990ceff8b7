import {
  type Binding,
  createSystemRandom,
  type MoveReason,
  type RequestFacts,
  type Server,
  systemClock,
  Upstream,
  type UpstreamConfig,
  type Verdict,
} from '@holdfast/core'
import { compileKey } from '@holdfast/core/placement'
import type { UpstreamEntry } from '../config/types.js'
import type { UpstreamStatus } from '../operator/api.js'
import { applyHealth } from './live-health.js'

/** Why a request goes where it goes. */
export interface Explanation {
  readonly upstream: string
  /** Where a binding was looked for, and what was there. */
  readonly binding: {
    readonly lookedFor: readonly string[]
    readonly source: Binding['source']
    readonly server: string | null
    /** Why what was found leads nowhere. */
    readonly lost: MoveReason | null
    readonly session: { readonly id: string; readonly issued: string; readonly seen: string } | null
    /** The cookie would be sealed anew: it is due, under an older key, or of an older format. */
    readonly due: boolean
  }
  /** The keys of the balancer, in order; the first that is not empty counts. */
  readonly keys: ReadonlyArray<{ readonly expression: string; readonly value: string }>
  readonly balance: string
  /** Servers that could not take the request, and why. */
  readonly skipped: ReadonlyArray<{ readonly server: string; readonly why: string }>
  readonly server: string | null
  readonly verdict: Verdict | null
  readonly moved: MoveReason | null
  /** Whether the answer would carry a new cookie. */
  readonly setsCookie: boolean
}

/**
 * Takes a request through the gateway's own code, and reports.
 * @param live the health that the fleet reports; without it every server is well.
 * @param sticky whether the route has affinity.
 */
export function explain(
  { options, config }: UpstreamEntry,
  facts: RequestFacts,
  sticky: boolean,
  live: UpstreamStatus | undefined,
): Explanation {
  const upstream = new Upstream(options, { clock: systemClock, random: createSystemRandom() })
  const nowS = Math.floor(systemClock.now() / 1000)
  if (live !== undefined) applyHealth(upstream, live, nowS)
  const skipped = skippedServers(upstream.servers, nowS)
  const passage = upstream.admit(facts, upstream.rules({ sticky }))
  passage.begin({ dispatch() {} })
  const { binding, server, verdict, moved } = passage
  const cookie =
    sticky && server !== undefined && verdict !== undefined
      ? upstream.cookie?.setCookie({ binding, server, verdict, facts })
      : undefined
  const { session } = binding
  return {
    upstream: config.name,
    binding: {
      lookedFor: sticky ? placesOf(config) : [],
      source: binding.source,
      server: binding.server?.address ?? null,
      lost: binding.lost ?? null,
      session: session
        ? { id: session.id, issued: timeOf(session.issuedS), seen: timeOf(session.seenS) }
        : null,
      due: binding.due,
    },
    keys: keysOf(config, facts),
    balance: describeBalance(config),
    skipped,
    server: server?.address ?? null,
    verdict: verdict ?? null,
    moved: moved ?? null,
    setsCookie: cookie !== undefined,
  }
}

/** Where the upstream looks for a binding, in order. */
function placesOf({ sticky }: UpstreamConfig): readonly string[] {
  switch (sticky?.kind) {
    case undefined:
      return []
    case 'cookie':
      return [
        `cookie ${sticky.cookie} (${sticky.format})`,
        ...sticky.accept.map(({ cookie, format }) => `cookie ${cookie} (${format}, accepted)`),
      ]
    case 'route':
      return sticky.route.map(String)
    case 'learn':
      return sticky.lookup.map((one) => `${String(one)} (learned; known to running replicas only)`)
  }
}

function keysOf({ hashKey }: UpstreamConfig, facts: RequestFacts): Explanation['keys'] {
  if (hashKey === undefined) return []
  const { keys, whenEmpty, ipv6Prefix } = hashKey
  const all = whenEmpty === 'round-robin' ? keys : [...keys, whenEmpty]
  return all.map((expression) => ({
    expression: String(expression),
    value: compileKey(expression, { ipv6Prefix })(facts),
  }))
}

function describeBalance({ balance }: UpstreamConfig): string {
  if (balance.kind !== 'hash') return balance.kind
  return balance.consistent ? 'hash, consistent' : 'hash'
}

function skippedServers(servers: readonly Server[], nowS: number): Explanation['skipped'] {
  return servers.flatMap((server) => {
    const obstacle = server.mode === 'drain' ? 'drain: bound sessions only' : server.obstacle(nowS)
    if (obstacle !== undefined) return [{ server: server.address, why: obstacle }]
    return server.config.backup
      ? [{ server: server.address, why: 'backup: only while no other can' }]
      : []
  })
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}
