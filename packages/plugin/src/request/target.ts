/** The path and query of a request target, and the authority that an absolute one brings. */
export interface Target {
  /** Starts with `/`, byte for byte as it came. */
  readonly path: string
  /** Replaces the Host header (RFC 9112, 3.2.2); undefined for the usual origin form. */
  readonly authority: string | undefined
}

const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/is

/**
 * Takes a request target apart without changing a byte of it; undefined when it is none that
 * could be passed on.
 */
export function parseTarget(url: string): Target | undefined {
  if (url.charCodeAt(0) === 0x2f) {
    return isCleanPath(url) ? { path: url, authority: undefined } : undefined
  }
  const absolute = ABSOLUTE.exec(url)
  if (absolute === null) return undefined
  const [, authority = '', rest = ''] = absolute
  const path = rest.startsWith('/') ? rest : `/${rest}`
  return authority !== '' && isCleanHost(authority) && isCleanPath(path)
    ? { path, authority }
    : undefined
}

/** Visible ASCII and obs-text without `#`, every percent sign followed by two hex digits. */
function isCleanPath(path: string): boolean {
  for (let i = 0; i < path.length; i += 1) {
    const code = path.charCodeAt(i)
    if (code <= 0x20 || code === 0x7f || code === 0x23) return false
    if (code === 0x25 && !(isHex(path.charCodeAt(i + 1)) && isHex(path.charCodeAt(i + 2)))) {
      return false
    }
  }
  return true
}

/**
 * Whether a Host header, or an authority, is a host and perhaps a port and nothing else: no
 * userinfo, no path, nothing that cannot stand in a host (RFC 3986, 3.2.2).
 */
export function isCleanHost(host: string): boolean {
  return HOST.test(host)
}

const HOST = /^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d*)?$/i

function isHex(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x41 && code <= 0x46) ||
    (code >= 0x61 && code <= 0x66)
  )
}

/** Replaces the prefix of a path; made once a registration. */
export interface PrefixRewrite {
  /** The path for the server, or undefined when the request may not be passed on (400). */
  rewrite(path: string): string | undefined
}

/**
 * @param prefix the full prefix of the registration; a segment `:name` stands for any.
 * @param replacement what takes its place, or undefined to pass paths on as they are.
 */
export function createPrefixRewrite(
  prefix: string,
  replacement: string | undefined,
): PrefixRewrite {
  const bare = prefix.replace(/\/+$/, '')
  const target = replacement?.replace(/\/+$/, '') ?? bare
  if (bare === target && bare === '') return { rewrite: (path) => path }
  const segments = prefixSegments(prefix)
  return {
    rewrite(path) {
      const end = prefixEnd(path, segments)
      // A route that matched only after decoding would be cut in the wrong place, and a decoded
      // dot segment would let a request out of its prefix.
      if (end < 0 || climbs(path)) return undefined
      if (bare === target) return path
      const rest = path.slice(end)
      return rest.startsWith('/') ? `${target}${rest}` : `${target}/${rest}`
    },
  }
}

/** The segments of a prefix, for `prefixEnd`. */
export function prefixSegments(prefix: string): readonly string[] {
  return prefix.replace(/\/+$/, '').split('/').slice(1)
}

/** Where the path's part behind the prefix starts; -1 when the prefix is not there as it is. */
export function prefixEnd(path: string, segments: readonly string[]): number {
  let at = 0
  for (const segment of segments) {
    if (path.charCodeAt(at) !== 0x2f) return -1
    const end = segmentEnd(path, at + 1)
    const found = path.slice(at + 1, end)
    if (segment.startsWith(':') ? found === '' : found !== segment) return -1
    at = end
  }
  return at
}

function segmentEnd(path: string, from: number): number {
  for (let i = from; i < path.length; i += 1) {
    const code = path.charCodeAt(i)
    if (code === 0x2f || code === 0x3f) return i
  }
  return path.length
}

/**
 * Whether a path has a `..` segment once `%2e`, `%2f`, `%5c` and `%3b` are read as servers may,
 * some of which take what follows a `;` for a segment's parameters.
 */
function climbs(path: string): boolean {
  const query = path.indexOf('?')
  const only = query < 0 ? path : path.slice(0, query)
  if (!only.includes('..') && !/%2e/i.test(only)) return false
  const decoded = only.replace(/%2e/gi, '.').replace(/%2f|%5c|\\/gi, '/')
  return /\/\.\.(?:\/|;|%3b|$)/i.test(decoded)
}
