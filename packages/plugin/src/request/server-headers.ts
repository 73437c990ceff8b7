import type { MoveReason, Server } from '@holdfast/core'
import type { RawHeaders } from '../raw-headers.js'
import { proxyHost } from '../transport/proxy-host.js'

/**
 * A request's fields as they go to one server: with the Host that it is to see, and with why a
 * session that was elsewhere before comes to it, so that the application can load its state.
 * @param headers the Host field first.
 * @param host `$host` leaves the client's; `$proxy_host` is the server's address.
 */
export function serverHeaders(
  headers: RawHeaders,
  server: Server,
  host: string,
  moved: MoveReason | undefined,
): RawHeaders {
  // Most requests go on as they are, and need no list of their own.
  if (host === '$host' && moved === undefined) return headers
  const own = [...headers]
  if (host !== '$host') own[1] = host === '$proxy_host' ? proxyHost(server) : host
  if (moved !== undefined) own.push('holdfast-moved', moved)
  return own
}
