import type { IncomingMessage } from 'node:http'
import { parseTarget } from './target.js'

/**
 * Makes one host of several: the authority of an absolute target, or of HTTP/2, takes the place of
 * a Host field that says something else (RFC 9112, 3.2.2; RFC 9113, 8.3.1), for Fastify, for keys
 * and for the server alike.
 */
export function settleHost({ headers, url = '' }: IncomingMessage): void {
  const absolute = url.startsWith('/') ? undefined : parseTarget(url)?.authority
  const authority = absolute ?? headers[':authority']
  if (typeof authority !== 'string') return
  // HTTP/2 without a Host field is as it should be, and stays so.
  if (absolute !== undefined || headers.host !== undefined) headers.host = authority
}
