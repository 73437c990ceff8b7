import { isNamed } from '../raw-headers.js'
import { InvalidResponseError } from './errors.js'
import { parseResponseLines } from './response-lines.js'

/** What ends the body of a response (RFC 9112, 6.3). */
export type Framing = 'none' | 'length' | 'chunked' | 'close'

/** A response's head, and what it says of the message and the connection. */
export interface WireHead {
  readonly status: number
  readonly reason: string
  /** Name and value in turn, as they came. */
  readonly fields: string[]
  readonly framing: Framing
  /** Bytes of the body where its length was told; else 0. */
  readonly length: number
  /** The connection can take another request afterwards. */
  readonly keepAlive: boolean
  /** Milliseconds for which the server keeps an idle connection; undefined if it does not say. */
  readonly idleMs: number | undefined
}

/**
 * Reads a head and decides how its body ends. What two readers could take for two different
 * messages is refused, whoever would be right.
 * @param method of the request that it answers.
 * @throws InvalidResponseError
 */
export function readWireHead(head: string, method: string): WireHead {
  const { status, reason, minor, fields } = parseResponseLines(head)
  let length: string | undefined
  let chunked = false
  let closes = false
  let stays = minor === 1
  let idleMs: number | undefined
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] as string
    const value = fields[i + 1] as string
    // By its length first: most fields say nothing of the message.
    if (name.length === 14 && isNamed(name, 'content-length')) {
      if (length !== undefined) throw new InvalidResponseError('two lengths')
      length = value
    } else if (name.length === 17 && isNamed(name, 'transfer-encoding')) {
      if (chunked || value.toLowerCase() !== 'chunked') {
        throw new InvalidResponseError('a transfer coding other than chunked')
      }
      chunked = true
    } else if (name.length === 10 && isNamed(name, 'connection')) {
      if (value === 'keep-alive') stays = true
      else {
        const options = value.toLowerCase().split(',').map(trim)
        closes ||= options.includes('close')
        stays ||= options.includes('keep-alive')
      }
    } else if (name.length === 10 && isNamed(name, 'keep-alive')) {
      idleMs = timeoutMs(value) ?? idleMs
    }
  }
  if (length !== undefined && (chunked || !/^\d{1,15}$/.test(length))) {
    throw new InvalidResponseError('a length that is none, or one beside chunks')
  }
  const framing = framingOf(status, method, chunked, length !== undefined)
  return {
    status,
    reason,
    fields,
    framing,
    length: framing === 'length' ? Number(length) : 0,
    // An HTTP/1.0 message in chunks is misframed, and nothing after it can be trusted (6.1).
    keepAlive: stays && !closes && framing !== 'close' && !(chunked && minor === 0),
    idleMs,
  }
}

function framingOf(status: number, method: string, chunked: boolean, told: boolean): Framing {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return 'none'
  if (chunked) return 'chunked'
  return told ? 'length' : 'close'
}

const trim = (text: string): string => text.trim()

function timeoutMs(keepAlive: string): number | undefined {
  const [, seconds] = /(?:^|[,\s])timeout=(\d{1,9})(?:$|[,\s])/i.exec(keepAlive) ?? []
  return seconds === undefined ? undefined : Number(seconds) * 1000
}
