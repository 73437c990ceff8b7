import type { Pool } from '../servers/pool.js'
import type { Server } from '../servers/server.js'
import type { RequestFacts } from './facts.js'

/** Why a bound request had to go to another server. */
export type MoveReason =
  | 'failed'
  | 'ejected'
  | 'down'
  | 'removed'
  | 'replaced'
  | 'limit'
  | 'expired'
  | 'bad-cookie'
  | 'unknown-key'
  | 'rebalance'

/** Where a binding was found. */
export type BindingSource = 'cookie' | 'route' | 'learn'

/** A session's name and times, as its sealed cookie carries them. */
export interface Session {
  /** The 8 random bytes that name it for its whole life, in hex. */
  readonly id: string
  /** Seconds since 1970. */
  readonly issuedS: number
  readonly seenS: number
  /** For the statistics: which server has counted it, and until when that counts. */
  countedBy?: Server | undefined
  countedUntilS?: number
}

/** What a request says about where it belongs. Read once, at its start. */
export interface Binding {
  readonly source: BindingSource | 'none'
  /** The server it is bound to, if that is a member now. */
  readonly server: Server | undefined
  /** Why there is no such server although the request brought a binding. */
  readonly lost: MoveReason | undefined
  readonly session: Session | undefined
  /** The binding holds, but its cookie is due again: renewal, an old key, an older format. */
  readonly due: boolean
  /** With `transfer`: the server's own part of the cookie's value. */
  readonly serverPart: string | undefined
}

/** A request that brought no binding. */
export const unbound: Binding = Object.freeze({
  source: 'none',
  server: undefined,
  lost: undefined,
  session: undefined,
  due: false,
  serverPart: undefined,
})

/** A way of binding sessions to servers: cookie, route or learned. */
export interface Affinity {
  /** Takes a new membership; called before the first `read` and at every change. */
  follow(pool: Pool): void
  /** What the request is bound to. Never throws, whatever the request holds. */
  read(facts: RequestFacts): Binding
}

/** How a request's binding fared. */
export type Verdict = 'kept' | 'new' | 'moved'

/** The affinity that answers with a cookie of its own. */
export interface CookieAffinity extends Affinity {
  /**
   * The Set-Cookie line for an answer that came from `server`, or undefined when none is due.
   * @param transferred with `transfer`: what the server's own cookie of that name says.
   */
  setCookie(
    answer: {
      readonly binding: Binding
      readonly server: Server
      readonly verdict: Verdict
      readonly facts: RequestFacts
    },
    transferred?: string,
  ): string | undefined
  /**
   * The Cookie header that goes to the server: with `strip` without our cookie, with `transfer`
   * with the server's own part in its place. Empty when nothing is left of it.
   */
  forwardedCookies(cookies: string): string
  /**
   * Whether a Set-Cookie line of the server's is one of ours in name and must not reach the
   * client; with `transfer` its value comes back.
   */
  intercept(setCookie: string): { readonly value: string } | undefined
}
