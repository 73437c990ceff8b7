import { standsAt } from './ascii.js'

/** The request target as nginx's `$request_uri` has it: raw, from the path on. */
export function originForm(target: string): string {
  if (target.startsWith('/')) return target
  const authority = target.indexOf('://')
  if (authority < 0) return target
  const rest = target.slice(authority + 3)
  const path = rest.search(/[/?#]/)
  if (path < 0) return '/'
  return rest.charAt(path) === '/' ? rest.slice(path) : `/${rest.slice(path)}`
}

/**
 * The path as nginx's `$uri` has it: decoded once, slashes merged, dot segments resolved. What
 * nginx refuses, we leave as it is or stop at the root: a key must not fail.
 */
export function decodedPath(target: string): string {
  const uri = originForm(target)
  const end = uri.search(/[?#]/)
  const raw = end < 0 ? uri : uri.slice(0, end)
  if (!/%|\/[/.]/.test(raw)) return raw
  const path = raw.replace(/%([\da-f]{2})/gi, (encoded, hex: string) =>
    hex === '00' ? encoded : String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return path.startsWith('/') ? resolveSegments(path) : path
}

/**
 * The first argument called `name` in the target's query, not decoded; empty when there is none.
 * @param name in lower case.
 */
export function queryArgument(target: string, name: string): string {
  const fragment = target.indexOf('#')
  const end = fragment < 0 ? target.length : fragment
  let start = target.indexOf('?') + 1
  while (start > 0 && start < end) {
    const stop = target.indexOf('&', start)
    const last = stop < 0 || stop > end ? end : stop
    const equals = start + name.length
    if (equals < last && standsAt(target, start, name) && target.charAt(equals) === '=') {
      return target.slice(equals + 1, last)
    }
    start = last + 1
  }
  return ''
}

function resolveSegments(path: string): string {
  const segments = path.split('/').slice(1)
  const last = segments.at(-1)
  const kept: string[] = []
  for (const segment of segments) {
    if (segment === '..') kept.pop()
    else if (segment !== '.' && segment !== '') kept.push(segment)
  }
  const directory = kept.length > 0 && (last === '' || last === '.' || last === '..')
  return `/${kept.join('/')}${directory ? '/' : ''}`
}
