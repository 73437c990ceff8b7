import type { Directive } from '../../nginx/syntax.js'
import { type HeaderDraft, headerDraft } from './headers.js'
import type { Maps } from './keys.js'
import type { Reading, Scope } from './scope.js'
import { bodyLimitDraft, cacheDraft, retryDraft, timeoutsDraft, tlsDraft } from './transport.js'

/** One location that is proxied, before it is known what all locations of its upstream share. */
export interface RouteDraft {
  readonly directive: Directive
  readonly hosts: readonly string[]
  readonly prefix: string
  readonly target: Target
  readonly rewritePrefix: string | undefined
  readonly headers: HeaderDraft
  readonly timeouts: Record<string, string> | undefined
  readonly retry: Record<string, unknown>
  readonly tls: Record<string, unknown> | undefined
  readonly bodyLimit: number | undefined
  readonly cache: Record<string, unknown> | undefined
  /** `sticky_no_fallback`, `sticky_hide_cookie`: of the upstream, here. */
  readonly noFallback: boolean
  readonly hide: boolean
}

/** Where `proxy_pass` leads. */
export interface Target {
  readonly scheme: 'http' | 'https'
  /** The name of an upstream, or an address. */
  readonly authority: string
}

export interface RouteGround {
  readonly hosts: readonly string[]
  readonly maps: Maps
  /** By the zone of a `proxy_cache_path`. */
  readonly cacheSizes: ReadonlyMap<string, string>
}

/** The proxied locations in a server or a location. */
export function routeDrafts(
  block: readonly Directive[],
  scope: Scope,
  ground: RouteGround,
  reading: Reading,
): readonly RouteDraft[] {
  return block
    .filter(({ name }) => name === 'location')
    .flatMap((location) => {
      const inner = scope.within(location.block ?? [])
      const nested = routeDrafts(location.block ?? [], inner, ground, reading)
      const own = locationDraft(location, inner, ground, reading)
      return own === undefined ? nested : [own, ...nested]
    })
}

function locationDraft(
  location: Directive,
  scope: Scope,
  { hosts, maps, cacheSizes }: RouteGround,
  reading: Reading,
): RouteDraft | undefined {
  const [pass] = scope.own('proxy_pass')
  const prefix = prefixOf(location, pass !== undefined, reading)
  if (prefix === undefined || pass === undefined) return undefined
  const [, scheme = '', authority = '', uri] =
    /^(https?):\/\/((?:unix:[^:]+|[^/]*))(?::?(\/.*))?$/i.exec(pass.args[0] ?? '') ?? []
  if (authority === '' || authority.includes('$') || uri?.includes('$') === true) {
    reading.lost(pass, 'leads to a place that only a request decides')
    return undefined
  }
  const headers = headerDraft(scope, maps, reading)
  const secure = scheme.toLowerCase() === 'https'
  return {
    directive: location,
    hosts,
    prefix,
    target: { scheme: secure ? 'https' : 'http', authority },
    rewritePrefix: rewriteOf(prefix, location, uri, reading),
    headers,
    timeouts: timeoutsDraft(scope, headers.upgrades),
    retry: retryDraft(scope, reading),
    tls: secure ? tlsDraft(scope, reading) : undefined,
    bodyLimit: bodyLimitDraft(scope),
    cache: cacheDraft(scope, cacheSizes, reading),
    noFallback: scope.find('sticky_no_fallback') !== undefined,
    hide: scope.find('sticky_hide_cookie') !== undefined,
  }
}

function prefixOf(location: Directive, proxied: boolean, reading: Reading): string | undefined {
  reading.use(location)
  const [first = '', second] = location.args
  const [modifier, path] = second === undefined ? splitModifier(first) : [first, second]
  if (!proxied) {
    if (!(location.block ?? []).some(({ name }) => name === 'location')) {
      reading.lost(location, 'is not proxied; its requests go where the shorter prefix leads')
    }
    return undefined
  }
  if (modifier === '~' || modifier === '~*' || path.startsWith('@')) {
    reading.lost(location, 'requests are told apart by prefix only')
    return undefined
  }
  if (modifier === '=') reading.changed(location, 'takes what is below it as well')
  return path
}

function splitModifier(text: string): readonly [string, string] {
  const [, modifier = '', path = ''] = /^(=|\^~|~\*?)?(.*)$/s.exec(text) ?? []
  return [modifier, path]
}

function rewriteOf(
  prefix: string,
  location: Directive,
  uri: string | undefined,
  reading: Reading,
): string | undefined {
  if (prefix !== '/' && !prefix.endsWith('/')) {
    reading.changed(location, `takes whole segments: ${prefix} and what is below, not ${prefix}x`)
  }
  if (uri === undefined) return undefined
  if (prefix.endsWith('/') !== uri.endsWith('/')) {
    reading.changed(location, `a slash stands between ${uri} and the rest of the path`)
  }
  return uri
}
