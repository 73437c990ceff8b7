import { isNamed, withoutFields } from '../raw-headers.js'
import type { WireHead } from '../wire/response-head.js'

/** A response's head on its way to the client. */
export interface ResponseHead {
  readonly status: number
  readonly reason: string
  /** Name and value in turn, without what concerned only the server's connection. */
  readonly headers: string[]
  /** `text/event-stream`: the head must leave at once and silence is normal. */
  readonly eventStream: boolean
  /** A shared cache may store the response, so it must not carry anybody's cookie. */
  readonly shared: boolean
  /** An unqualified `private` or `no-store` keeps shared caches away already. */
  readonly unshared: boolean
  /** The server lets its session go: from the next request on it may be moved. */
  readonly releases: boolean
}

/**
 * Keeps what is for the client of a server's head.
 * @param intercept a Set-Cookie value's fate: true keeps the line from the client.
 */
export function readResponseHead(
  { status, reason, fields }: WireHead,
  intercept: (setCookie: string) => boolean,
): ResponseHead {
  const headers: string[] = []
  let named: Set<string> | undefined
  let eventStream = false
  let shared = false
  let unshared = false
  let releases = false
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] as string
    const value = fields[i + 1] as string
    switch (subject(name)) {
      case 'connection': {
        const lower = value.toLowerCase()
        if (lower === 'keep-alive') continue
        if (lower === 'close') continue
        const tokens = lower.split(',').map((token) => token.trim())
        named = new Set([...(named ?? []), ...tokens])
        // A server may not have its length or cookies taken away by its own slip.
        named.delete('content-length')
        named.delete('set-cookie')
        continue
      }
      case 'hop':
        continue
      case 'set-cookie':
        if (intercept(value)) continue
        break
      case 'content-type':
        eventStream = /^\s*text\/event-stream\b/i.test(value)
        break
      case 'cache-control': {
        const directives = value.toLowerCase().split(',')
        for (const directive of directives) {
          const word = directive.trim()
          if (word === 'public' || word.startsWith('s-maxage')) shared = true
          if (word === 'private' || word === 'no-store') unshared = true
        }
        break
      }
      case 'cdn':
        shared = true
        break
      case 'release':
        releases = value === '1'
        continue
      default:
    }
    headers.push(name, value)
  }
  return {
    status,
    reason,
    headers: named === undefined ? headers : withoutFields(headers, named),
    eventStream,
    shared,
    unshared,
    releases,
  }
}

type Subject =
  | 'connection'
  | 'hop'
  | 'content-type'
  | 'set-cookie'
  | 'cache-control'
  | 'cdn'
  | 'release'
  | 'other'

/** What a response's field is about, as far as a proxy minds; by its length first, for speed. */
function subject(name: string): Subject {
  switch (name.length) {
    case 2:
      return isNamed(name, 'te') ? 'hop' : 'other'
    case 7:
      return isNamed(name, 'upgrade') || isNamed(name, 'trailer') ? 'hop' : 'other'
    case 10:
      if (isNamed(name, 'set-cookie')) return 'set-cookie'
      return isNamed(name, 'connection')
        ? 'connection'
        : isNamed(name, 'keep-alive')
          ? 'hop'
          : 'other'
    case 12:
      return isNamed(name, 'content-type') ? 'content-type' : 'other'
    case 13:
      return isNamed(name, 'cache-control') ? 'cache-control' : 'other'
    case 16:
      if (isNamed(name, 'holdfast-release')) return 'release'
      return isNamed(name, 'proxy-connection') ? 'hop' : 'other'
    case 17:
      // Node frames the answer anew.
      return isNamed(name, 'transfer-encoding')
        ? 'hop'
        : isNamed(name, 'cdn-cache-control') || isNamed(name, 'surrogate-control')
          ? 'cdn'
          : 'other'
    case 18:
      return isNamed(name, 'proxy-authenticate') ? 'hop' : 'other'
    case 25:
      return isNamed(name, 'proxy-authentication-info') ? 'hop' : 'other'
    default:
      return 'other'
  }
}
