import { canonicalAddress } from './address.js'
import { lowerCase } from './ascii.js'
import { cookieValue } from './cookie-header.js'
import type { RequestFacts } from './facts.js'
import { decodedPath, originForm, queryArgument } from './target.js'

/** Reads one nginx variable of a request, as a byte string; empty when it has no value. */
export type Variable = (facts: RequestFacts) => string

const PLAIN: ReadonlyMap<string, Variable> = new Map<string, Variable>([
  ['request_uri', (facts) => originForm(facts.target)],
  ['uri', (facts) => decodedPath(facts.target)],
  ['host', (facts) => hostName(facts.host)],
  ['scheme', (facts) => facts.scheme],
  // As nginx, which joins repeated Cookie headers with a semicolon and not with a comma.
  ['http_cookie', (facts) => facts.cookies],
])

/** The variables that `variable` knows, as a message lists them. */
export const variableNames =
  '$cookie_NAME, $remote_addr, $http_NAME, $arg_NAME, $request_uri, $uri, $host, $scheme'

/** The variable called `name` (without `$`), or undefined when there is none. */
export function variable(name: string, ipv6Prefix?: number): Variable | undefined {
  const lower = lowerCase(name)
  if (lower === 'remote_addr') return (facts) => remoteAddress(facts, ipv6Prefix)
  const plain = PLAIN.get(lower)
  if (plain !== undefined) return plain
  const [, kind, rest = ''] = /^(cookie|arg|http)_(.+)$/.exec(lower) ?? []
  if (kind === 'cookie') return (facts) => cookieValue(facts.cookies, rest)
  if (kind === 'arg') return (facts) => queryArgument(facts.target, rest)
  if (kind !== 'http') return undefined
  const header = rest.replaceAll('_', '-')
  return (facts) => facts.header(header)
}

/**
 * The client's address in canonical form. What is no address counts as the connection's other
 * end; that is empty on a Unix socket.
 */
export function remoteAddress(facts: RequestFacts, ipv6Prefix?: number): string {
  return (
    canonicalAddress(facts.remoteAddress, ipv6Prefix) ??
    canonicalAddress(facts.socketAddress, ipv6Prefix) ??
    facts.socketAddress
  )
}

function hostName(authority: string): string {
  const host = lowerCase(authority)
  const bracket = host.startsWith('[') ? host.indexOf(']') : -1
  const port = host.indexOf(':', bracket + 1)
  const name = port < 0 ? host : host.slice(0, port)
  return name.endsWith('.') ? name.slice(0, -1) : name
}
