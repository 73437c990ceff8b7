import type { Server } from './server.js'

/** A condition on servers beyond their own availability. */
export interface Gate {
  passes(server: Server): boolean
}

/**
 * What one request carries through picking. It lives as long as the request, because nginx's
 * pickers go on where the last attempt stopped instead of starting over.
 */
export class Selection {
  /** The key that a hash picker hashes, as a byte string; empty means none. */
  key = ''
  /** The client's canonical address, for `ip-hash`. */
  remoteAddress = ''
  /** Servers that this request has tried. */
  readonly tried: Server[] = []
  /** Set once the primaries were exhausted; the request then stays with the backups (3.1). */
  onBackups = false
  /** `hash` and `ip-hash`: the running hash, and how often it was fed (3.2, 3.4). */
  hash = 0
  rehash = 0
  /** Looks so far at servers that could not be used; nginx gives up after 20 (3.2, 3.4, 3.6). */
  misses = 0
  /** `hash` consistent: the hash of the ring point to look at next, -1 before the first (3.3). */
  point = -1
  /** A further condition, which `bounded-load` sets for as long as it picks. */
  gate: Gate | undefined = undefined

  /** Set when none is left but servers that active checks keep from it. */
  #despiteChecks = false

  /** Starts over among the servers not tried, as if nobody had checked them. */
  ignoreChecks(): void {
    this.#despiteChecks = true
    this.onBackups = false
    this.hash = 0
    this.rehash = 0
    this.misses = 0
    this.point = -1
  }

  /** Whether it demands more or less of servers than that they are available and not tried. */
  get isParticular(): boolean {
    return this.#despiteChecks || this.gate !== undefined
  }

  /** Whether a request without a binding may be sent to `server` as its next attempt. */
  admits(server: Server, nowS: number): boolean {
    return (
      (server.available(nowS) || (this.#despiteChecks && server.availableDespiteChecks(nowS))) &&
      !this.hasTried(server) &&
      (this.gate === undefined || this.gate.passes(server))
    )
  }

  hasTried(server: Server): boolean {
    return this.tried.length > 0 && this.tried.includes(server)
  }
}
