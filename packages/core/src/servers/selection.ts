import type { Server } from './server.js'

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
  /** `hash` consistent: the ring point to look at next, or -1 before the first look-up (3.3). */
  point = -1

  /** Whether a request without a binding may be sent to `server` as its next attempt. */
  admits(server: Server, nowS: number): boolean {
    return server.available(nowS) && !this.hasTried(server)
  }

  hasTried(server: Server): boolean {
    return this.tried.length > 0 && this.tried.includes(server)
  }
}
