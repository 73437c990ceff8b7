import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { BadHostError, TooManyHeadersError } from '../errors.js'
import { isNamed, type RawHeaders } from '../raw-headers.js'
import { fieldsAfterHooks } from './hooked-fields.js'
import { isCleanHost } from './target.js'

// Node hands out the first 1,000 fields and drops the rest without a word.
const RAW_HEADERS_MOST = 2000

/**
 * The client's header fields as they go to a server, in the client's order and spelling, as the gateway's hooks left them: without
 * what concerns only the client's connection, without what we say ourselves, and with what a
 * server must know of the client.
 *
 * The Host field stands first, so that an attempt can put its own there.
 * @param remoteAddress the client's, as `$remote_addr`.
 * @param cookies what becomes of a Cookie field; an empty result drops it.
 * @throws BadHostError, TooManyHeadersError
 */
export function requestHeaders(
  request: FastifyRequest,
  host: string,
  remoteAddress: string,
  hasBody: boolean,
  cookies: (value: string) => string,
): RawHeaders {
  const raw = request.raw as IncomingMessage
  if (raw.rawHeaders.length > RAW_HEADERS_MOST) throw new TooManyHeadersError()
  // Only HTTP/1.0 knows requests without one.
  if (!isCleanHost(host) || (host === '' && raw.httpVersion !== '1.0')) throw new BadHostError()

  const fields = fieldsAfterHooks({ raw: raw.rawHeaders, headers: request.headers })
  const headers: RawHeaders = ['Host', host]
  const named = namedByConnection(raw.headers.connection)
  let hosts = 0
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] as string
    const value = fields[i + 1] as string
    switch (fateOf(name)) {
      case 'host':
        hosts += 1
        if (hosts > 1) throw new BadHostError()
        continue
      case 'drop':
        continue
      case 'length':
        if (hasBody) headers.push(name, value)
        continue
      case 'cookie': {
        if (named?.has('cookie')) continue
        const left = cookies(value)
        if (left !== '') headers.push(name, left)
        continue
      }
      default:
        if (named?.has(name.toLowerCase())) continue
        headers.push(name, value)
    }
  }
  addForwarded(headers, request, remoteAddress)
  return headers
}

/** Who the client is, for the server; only a trusted peer's word is passed on. */
function addForwarded(headers: RawHeaders, request: FastifyRequest, remoteAddress: string): void {
  const peer = request.raw.socket?.remoteAddress ?? ''
  const trusted = (request.ips?.length ?? 0) > 1
  const chain = trusted ? request.headers['x-forwarded-for'] : undefined
  const before = typeof chain === 'string' ? chain : chain?.join(', ')
  const address = peer.startsWith('::ffff:') ? peer.slice('::ffff:'.length) : peer
  // A peer on a unix socket has no address to add.
  const hops =
    before === undefined || address === '' ? (before ?? address) : `${before}, ${address}`
  if (hops !== '') headers.push('X-Forwarded-For', hops)
  if (remoteAddress !== '') headers.push('X-Real-IP', remoteAddress)
  if (request.protocol !== undefined) headers.push('X-Forwarded-Proto', request.protocol)
  if (request.host !== '') headers.push('X-Forwarded-Host', request.host)
  const { forwarded } = request.headers
  if (trusted && typeof forwarded === 'string') headers.push('Forwarded', forwarded)
}

/** The names in a Connection field; they are for this connection only (RFC 9110, 7.6.1). */
export function namedByConnection(value: string | undefined): ReadonlySet<string> | undefined {
  // What nearly every request says costs no set.
  if (value === undefined || value === 'keep-alive' || value === 'close') return undefined
  return new Set(value.toLowerCase().split(',').map(trim))
}

const trim = (text: string): string => text.trim()

type Fate = 'pass' | 'drop' | 'host' | 'length' | 'cookie'

/** What becomes of a client's field; by the length of its name first, for speed. */
function fateOf(name: string): Fate {
  // HTTP/2 hands its request line out as fields that start with a colon.
  if (name.charCodeAt(0) === 0x3a) return 'drop'
  switch (name.length) {
    case 2:
      return isNamed(name, 'te') ? 'drop' : 'pass'
    case 4:
      return isNamed(name, 'host') ? 'host' : 'pass'
    case 6:
      return isNamed(name, 'cookie') ? 'cookie' : isNamed(name, 'expect') ? 'drop' : 'pass'
    case 7:
      return isNamed(name, 'upgrade') || isNamed(name, 'trailer') ? 'drop' : 'pass'
    case 9:
      return isNamed(name, 'x-real-ip') || isNamed(name, 'forwarded') ? 'drop' : 'pass'
    case 10:
      return isNamed(name, 'connection') || isNamed(name, 'keep-alive') ? 'drop' : 'pass'
    case 14:
      return isNamed(name, 'content-length')
        ? 'length'
        : isNamed(name, 'holdfast-moved') || isNamed(name, 'http2-settings')
          ? 'drop'
          : 'pass'
    case 15:
      return isNamed(name, 'x-forwarded-for') ? 'drop' : 'pass'
    case 16:
      return isNamed(name, 'x-forwarded-host') || isNamed(name, 'proxy-connection')
        ? 'drop'
        : 'pass'
    case 17:
      return isNamed(name, 'x-forwarded-proto') || isNamed(name, 'transfer-encoding')
        ? 'drop'
        : 'pass'
    case 19:
      return isNamed(name, 'proxy-authorization') ? 'drop' : 'pass'
    default:
      return 'pass'
  }
}
