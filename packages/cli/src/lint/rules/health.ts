import type { TimeoutOptions } from '@holdfast/core'
import { parseWith, timeoutsSchema } from '@holdfast/core/options'
import { eachUpstream, type Hit, type Rule } from '../rule.js'

export const noFallbackUnchecked: Rule = {
  id: 'no-fallback-without-checks',
  why: 'Its sessions get 502 until a live request has found out that the server is back.',
  fix: 'Set `checks`, so that it is known without a client’s help; or leave `fallback` on.',
  find: eachUpstream(function* ({ config: { sticky }, options }, path) {
    if (sticky === undefined || sticky.fallback || 'checks' in options) return
    yield {
      path: path('sticky', 'fallback'),
      message: 'sessions of a failed server get 502, and no checks are made',
    }
  }),
}

export const neverEjected: Rule = {
  id: 'max-fails-zero',
  why: 'A dead server keeps getting its share, and each of those requests waits for its failure.',
  fix: 'Set `maxFails` to 1 or more.',
  find: eachUpstream(function* ({ config: { servers } }, path) {
    if (servers.length < 2) return
    for (const [index, { maxFails, address }] of servers.entries()) {
      if (maxFails !== 0) continue
      yield {
        path: path(`servers[${index}]`, 'maxFails'),
        message: `${address} is never taken out`,
      }
    }
  }),
}

export const timeoutsOutlast: Rule = {
  id: 'timeouts-outlast',
  why: 'Of two limits the shorter one ends it; the longer one never comes to pass.',
  fix: 'Make the inner limit shorter than the outer one, or remove it.',
  *find(context) {
    yield* upstreamTimes.find(context)
    for (const [index, { timeouts }] of context.config.routes.entries()) {
      if (timeouts !== undefined) yield* outlasting(timeouts, `routes[${index}].timeouts`)
    }
  },
}

const upstreamTimes: Pick<Rule, 'find'> = {
  find: eachUpstream(function* ({ config: { timeouts, retry, sticky }, options }, path) {
    yield* outlasting(options.timeouts ?? {}, path('timeouts'))
    const { timeoutMs } = retry
    const { connectMs } = timeouts
    if (timeoutMs > 0 && (connectMs === 0 || connectMs >= timeoutMs)) {
      yield {
        path: path('retry', 'timeout'),
        message: 'a connection may take longer than retries are allowed: none is made then',
      }
    }
    if (sticky?.kind !== 'cookie') return
    const { idleMs, maxLifeMs, expires } = sticky
    if (idleMs === undefined) return
    if (maxLifeMs !== undefined && idleMs >= maxLifeMs) {
      yield {
        path: path('sticky', 'idle'),
        message: '`maxLife` ends every session before `idle` can',
      }
    }
    if (typeof expires === 'number' && idleMs > expires) {
      yield {
        path: path('sticky', 'idle'),
        message: 'browsers forget the cookie (`expires`) before `idle` can end it',
      }
    }
  }),
}

function* outlasting(options: TimeoutOptions, path: string): Iterable<Hit> {
  const { connectMs, headersMs, bodyMs, responseMs } = parseWith(timeoutsSchema, options, path)
  if (headersMs > 0 && connectMs > headersMs) {
    yield { path, message: '`headers` runs from the dispatch and ends before `connect`' }
  }
  for (const [name, ms] of [
    ['headers', headersMs],
    ['body', bodyMs],
  ] as const) {
    if (responseMs > 0 && ms >= responseMs && name in options) {
      yield { path, message: `\`response\` ends before \`${name}\`` }
    }
  }
}

export const unresolvedName: Rule = {
  id: 'name-without-resolve',
  why: 'Which of the addresses a connection gets is the resolver’s choice: sessions do not stick.',
  fix: "Set `resolve: '5s'`, which makes one server of each address.",
  find: eachUpstream(function* ({ config: { servers } }, path, { addressesOf }) {
    for (const [index, { address }] of servers.entries()) {
      const name = nameOf(address)
      const count = name === undefined ? 0 : (addressesOf(name) ?? 0)
      if (count < 2) continue
      yield { path: path(`servers[${index}]`), message: `${name} has ${count} addresses` }
    }
  }),
}

/** The name in an address; undefined for numbers and sockets. */
export function nameOf(address: string): string | undefined {
  if (address.startsWith('[') || address.startsWith('unix:')) return undefined
  const host = address.replace(/:\d+$/, '')
  return /^[\d.]+$/.test(host) || host === 'localhost' ? undefined : host
}
