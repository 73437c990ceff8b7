import type { GatewayConfig, UpstreamEntry } from '../../config/types.js'
import { eachUpstream, type Hit, type Rule, upstreamPath } from '../rule.js'

type Sticky = NonNullable<UpstreamEntry['config']['sticky']>
type Cookie = Extract<Sticky, { kind: 'cookie' }>

function cookieOf({ config: { sticky } }: UpstreamEntry): Cookie | undefined {
  return sticky?.kind === 'cookie' ? sticky : undefined
}

/** Whether requests come in over plain HTTP as far as the gateway can tell. */
function plainPossible({ listen, trustProxy }: GatewayConfig): boolean {
  return trustProxy === false && listen.some(({ tls }) => tls === undefined)
}

export const unsealedCookie: Rule = {
  id: 'unsealed-cookie',
  why: 'Anybody can compute such a value and choose a server with it, and it never runs out.',
  fix: "Set `keys`, and `value: 'sealed'`; list the old format in `accept` and no session moves.",
  find: eachUpstream(function* (entry, path) {
    const cookie = cookieOf(entry)
    if (cookie === undefined || cookie.format === 'sealed' || cookie.format === 'index') return
    const { format } = cookie
    const what =
      format === 'text'
        ? 'shows the address of the server'
        : format.startsWith('hmac-')
          ? 'names the server for ever, for whoever copies it'
          : 'is a digest of a public address'
    yield { path: path('sticky'), message: `the cookie's '${format}' value ${what}` }
  }),
}

export const indexCookie: Rule = {
  id: 'index-cookie',
  why: 'It reveals how many servers there are, and means another server when the list changes.',
  fix: "Seal it: set `keys` and `value: 'sealed'`, with `accept: [{ value: 'index' }]` meanwhile.",
  find: eachUpstream(function* (entry, path) {
    if (cookieOf(entry)?.format !== 'index') return
    yield {
      path: path('sticky', 'value'),
      message: "the cookie is the server's number in the list",
    }
  }),
}

export const sameSiteNone: Rule = {
  id: 'samesite-none-insecure',
  why: 'Browsers drop a cookie with SameSite=None that is not Secure: over plain HTTP none sticks.',
  fix: "Set `secure: true`, and let clients come over HTTPS only; or use `sameSite: 'lax'`.",
  find: eachUpstream(function* (entry, path, { config }) {
    const cookie = cookieOf(entry)
    if (cookie?.sameSite !== 'none' || cookie.secure === true || !plainPossible(config)) return
    yield {
      path: path('sticky', 'sameSite'),
      message: 'clients over plain HTTP get it without Secure',
    }
  }),
}

export const cookiePrefix: Rule = {
  id: 'host-prefix',
  why: 'Browsers take `__Host-` and `__Secure-` cookies over HTTPS only: over plain HTTP none sticks.',
  fix: 'Let clients come over HTTPS, set `trustProxy` for the proxy that ends TLS, or rename it.',
  find: eachUpstream(function* (entry, path, { config }) {
    const cookie = cookieOf(entry)
    if (cookie === undefined || !/^__(host|secure)-/i.test(cookie.cookie)) return
    if (!plainPossible(config)) return
    yield {
      path: path('sticky', 'cookie'),
      message: `${cookie.cookie} is lost on clients over plain HTTP`,
    }
  }),
}

export const wideDomain: Rule = {
  id: 'wide-domain',
  why: 'Every host below the domain gets the cookie, and each of them can set or read it.',
  fix: 'Leave `domain` out, so that it is for the host alone, or name the narrowest that serves.',
  find: eachUpstream(function* (entry, path) {
    const domain = cookieOf(entry)?.domain?.replace(/^\./, '')
    if (domain === undefined || domain.split('.').length > 2) return
    yield { path: path('sticky', 'domain'), message: `every host below ${domain} gets the cookie` }
  }),
}

export const insecureBehindTls: Rule = {
  id: 'insecure-behind-tls',
  why: 'Without Secure a browser sends the cookie over plain HTTP as well, for all to read.',
  fix: "Set `secure: true`, or `'auto'` to follow the request.",
  find: eachUpstream(function* (entry, path, { config }) {
    if (cookieOf(entry)?.secure !== false) return
    const secured = config.listen.some(({ tls }) => tls !== undefined)
    if (!secured && config.trustProxy === false) return
    yield {
      path: path('sticky'),
      message: 'clients come over HTTPS, and the cookie is not marked Secure',
    }
  }),
}

export const sharedCookieName: Rule = {
  id: 'shared-cookie-name',
  why: 'The upstreams overwrite each other’s cookie: every change of application moves the session.',
  fix: 'Give each upstream a cookie of its own name, or `path`s that do not contain one another.',
  *find({ config }) {
    const cookies = [...config.upstreams].flatMap(([name, entry]) => {
      const cookie = cookieOf(entry)
      return cookie === undefined ? [] : [{ name, cookie, hosts: hostsOf(config, name) }]
    })
    for (const [index, one] of cookies.entries()) {
      const other = cookies.slice(0, index).find((earlier) => overlap(earlier, one))
      if (other !== undefined) yield shared(one.name, other.name, one.cookie.cookie)
    }
  },
}

function shared(name: string, other: string, cookie: string): Hit {
  return {
    path: upstreamPath(name, 'sticky', 'cookie'),
    message: `upstream ${other} uses the cookie ${cookie} for the same requests`,
  }
}

interface Placed {
  readonly cookie: Cookie
  /** Of its routes; none is any. */
  readonly hosts: readonly string[]
}

function hostsOf({ routes }: GatewayConfig, upstream: string): readonly string[] {
  const own = routes.filter((route) => route.upstream === upstream)
  return own.some(({ hosts }) => hosts.length === 0) ? [] : own.flatMap(({ hosts }) => hosts)
}

function overlap(a: Placed, b: Placed): boolean {
  if (a.cookie.cookie.toLowerCase() !== b.cookie.cookie.toLowerCase()) return false
  const [path, other] = [a.cookie.path ?? '/', b.cookie.path ?? '/']
  if (!path.startsWith(other) && !other.startsWith(path)) return false
  const wide = a.cookie.domain !== undefined || b.cookie.domain !== undefined
  const any = a.hosts.length === 0 || b.hosts.length === 0
  return wide || any || a.hosts.some((host) => b.hosts.includes(host))
}
