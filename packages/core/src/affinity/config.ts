import type { KeyExpression } from './key-expression.js'
import type { LearnExpression } from './learn-source.js'

/** How a cookie's value names a server (design: option `value`). */
export type CookieFormat =
  | 'sealed'
  | 'md5'
  | 'sha1'
  | 'hmac-md5'
  | 'hmac-sha1'
  | 'hmac-sha256'
  | 'index'
  | 'text'

/** Whose Set-Cookie lines are reproduced to the letter. */
export type CookieStyle = 'holdfast' | 'sticky-module' | 'nginx'

/** An older cookie that is honoured while clients still hold it. */
export interface AcceptedCookie {
  readonly format: CookieFormat
  /** For `hmac-*` and `sealed`. */
  readonly key: string | undefined
  readonly cookie: string
}

/** `sticky: { cookie }`, parsed. */
export interface CookieConfig {
  readonly kind: 'cookie'
  readonly cookie: string
  readonly format: CookieFormat
  readonly keys: readonly string[]
  readonly accept: readonly AcceptedCookie[]
  readonly style: CookieStyle
  /** Milliseconds, or `max` (nginx: until 2037), or undefined for a session cookie. */
  readonly expires: number | 'max' | undefined
  readonly domain: string | undefined
  /** Undefined only where the style leaves it out by default. */
  readonly path: string | undefined
  readonly secure: boolean | 'auto'
  readonly httpOnly: boolean
  readonly sameSite: 'strict' | 'lax' | 'none' | false
  readonly partitioned: boolean
  /** Milliseconds; enforced here, whatever the browser does. Sealed only. */
  readonly idleMs: number | undefined
  readonly maxLifeMs: number | undefined
  readonly renew: boolean
  readonly fallback: boolean
  readonly rebind: 'now' | 'never'
  readonly strip: boolean
  readonly hide: boolean
  readonly transfer: boolean
  readonly delimiter: string
}

/** `sticky: { route }`, parsed. */
export interface RouteConfig {
  readonly kind: 'route'
  readonly route: readonly KeyExpression[]
  readonly fallback: boolean
}

/** `sticky: { learn }`, parsed. */
export interface LearnConfig {
  readonly kind: 'learn'
  readonly create: readonly LearnExpression[]
  readonly lookup: readonly KeyExpression[]
  readonly timeoutS: number
  /** Learns from the head, where a session is wanted before the answer has ended. */
  readonly header: boolean
  /** Sessions kept at most. */
  readonly size: number
  readonly fallback: boolean
}

export type StickyConfig = CookieConfig | RouteConfig | LearnConfig
