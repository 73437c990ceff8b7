import { isDeepStrictEqual } from 'node:util'
import type { Maps } from './keys.js'
import type { RouteDraft } from './routes.js'
import type { Reading } from './scope.js'
import { type UpstreamDraft, type UpstreamSource, upstreamDraft } from './upstreams.js'

interface Parts {
  readonly sources: readonly UpstreamSource[]
  readonly routes: readonly RouteDraft[]
  readonly maps: Maps
  readonly seal: boolean
}

/** Puts upstreams and routes together; what all routes of an upstream say, the upstream says. */
export function assemble(
  { sources, routes, maps, seal }: Parts,
  reading: Reading,
): { readonly upstreams: object; readonly routes: readonly object[] } {
  const upstreams: Record<string, UpstreamDraft> = {}
  const names = new Map<RouteDraft, string>()
  for (const route of routes) {
    const { authority, scheme } = route.target
    const source = sources.find(({ name }) => name === authority)
    // nginx may reach one upstream with TLS and without: here these are two.
    const name = `${nameFor(authority)}${source !== undefined && scheme === 'https' && upstreams[nameFor(authority)] !== undefined && !usesTls(upstreams[nameFor(authority)]) ? '-tls' : ''}`
    names.set(route, name)
    upstreams[name] ??= secured(
      source === undefined ? implicit(authority) : upstreamDraft(source, maps, seal, reading),
      scheme,
    )
  }
  for (const source of sources) {
    if (routes.some(({ target }) => target.authority === source.name)) continue
    upstreams[source.name] = upstreamDraft(source, maps, seal, reading)
  }
  for (const [name, draft] of Object.entries(upstreams)) {
    share(
      draft,
      routes.filter((route) => names.get(route) === name),
      reading,
    )
  }
  return {
    upstreams,
    routes: unique(routes, reading).map((route) =>
      written(route, names.get(route) ?? '', upstreams[names.get(route) ?? '']),
    ),
  }
}

function usesTls(draft: UpstreamDraft | undefined): boolean {
  return draft?.servers.some(({ address }) => address.startsWith('https://')) === true
}

function secured(draft: UpstreamDraft, scheme: 'http' | 'https'): UpstreamDraft {
  if (scheme === 'http') return draft
  const servers = draft.servers.map((server) => ({
    ...server,
    address: `https://${server.address}`,
  }))
  return { ...draft, servers }
}

/** `proxy_pass http://address` without an upstream block: one server that is never ejected (4.2). */
function implicit(authority: string): UpstreamDraft {
  return { servers: [{ address: authority, maxFails: 0, failTimeout: '10s' }], failOpen: false }
}

function nameFor(authority: string): string {
  return authority.replaceAll(/[^\w.-]/g, '_').slice(0, 64)
}

/** Moves to the upstream what its routes agree on. */
function share(draft: UpstreamDraft, routes: readonly RouteDraft[], reading: Reading): void {
  const [first] = routes
  if (first === undefined) {
    draft.retry = { tries: 0, budget: false }
    return
  }
  draft.retry = first.retry
  if (routes.every(({ timeouts }) => isDeepStrictEqual(timeouts, first.timeouts))) {
    if (first.timeouts !== undefined) draft.timeouts = first.timeouts
  }
  const hosts = new Set(routes.map(hostOf))
  // Where routes differ, each sets its own over the client's.
  const host = hosts.size === 1 ? hostOf(first) : '$host'
  if (host !== '$host') draft.host = host
  if (first.tls !== undefined) draft.tls = first.tls
  applySticky(draft, routes, reading)
}

/** The module's per-location switches are options of the upstream here. */
function applySticky(draft: UpstreamDraft, routes: readonly RouteDraft[], reading: Reading): void {
  if (draft.sticky === undefined) return
  for (const [option, value, asked] of [
    ['fallback', false, routes.filter(({ noFallback }) => noFallback)],
    ['hide', true, routes.filter(({ hide }) => hide)],
  ] as const) {
    if (asked.length === 0) continue
    draft.sticky = { ...draft.sticky, [option]: value }
    const [route] = asked
    if (asked.length < routes.length && route !== undefined) {
      reading.changed(route.directive, `${option}: ${value} holds for every route of the upstream`)
    }
  }
}

/** What nginx sends as Host: by default what `proxy_pass` names, without the usual port. */
function hostOf({ headers, target }: RouteDraft): string {
  if (headers.host !== undefined) return headers.host
  if (target.authority.startsWith('unix:')) return 'localhost'
  return target.authority.replace(target.scheme === 'https' ? /:443$/ : /:80$/, '')
}

function unique(routes: readonly RouteDraft[], reading: Reading): readonly RouteDraft[] {
  const seen = new Set<string>()
  return routes.filter((route) => {
    const place = `${route.hosts.join()} ${route.prefix.replace(/(.)\/+$/, '$1')}`
    if (!seen.has(place)) {
      seen.add(place)
      return true
    }
    reading.lost(route.directive, 'another location takes the same prefix')
    return false
  })
}

function written(route: RouteDraft, upstream: string, draft: UpstreamDraft | undefined): object {
  const { hosts, prefix, rewritePrefix, headers, timeouts, retry, bodyLimit, cache } = route
  const [host] = hosts
  const ownHost = draft?.host ?? '$host'
  const fields = {
    ...headers.request,
    ...(hostOf(route) === ownHost ? {} : { Host: hostOf(route) }),
  }
  const both = {
    ...(Object.keys(fields).length === 0 ? {} : { request: fields }),
    ...(Object.keys(headers.response).length === 0 ? {} : { response: headers.response }),
  }
  return {
    ...(host === undefined ? {} : { host: hosts.length === 1 ? host : hosts }),
    ...(prefix === '/' ? {} : { prefix }),
    upstream,
    ...(rewritePrefix === undefined ? {} : { rewritePrefix }),
    ...(Object.keys(both).length === 0 ? {} : { headers: both }),
    ...(timeouts === undefined || isDeepStrictEqual(timeouts, draft?.timeouts) ? {} : { timeouts }),
    ...(isDeepStrictEqual(retry, draft?.retry) ? {} : { retry }),
    ...(bodyLimit === undefined ? {} : { bodyLimit }),
    ...(cache === undefined ? {} : { cache }),
  }
}
