import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { constants, Http2ServerResponse } from 'node:http2'
import type { FastifyReply } from 'fastify'
import { groupHeaders } from '../raw-headers.js'
import type { Flusher } from '../transport/flusher.js'
import type { ResponseHead } from './response-head.js'

/** Takes an answer to the client. */
export interface Answer {
  /** @returns false when the client is slow; `onDrain` tells when it has caught up. */
  write(chunk: Buffer): boolean
  end(): void
  /** The rest will not come: the client must not take what it has for the whole. */
  cut(): void
}

/**
 * Writes past Fastify, straight to the raw response: fields go out as they came, and the head
 * leaves in one system call with the first of the body. Only where no onSend hook wants to see
 * the answer.
 */
export class DirectAnswer implements Answer {
  readonly #raw: ServerResponse
  readonly #onDrain: () => void
  #held: Buffer | undefined
  #flushed = false
  #listening = false

  /**
   * @throws what Node throws for a head that it cannot send; nothing has been sent then.
   */
  constructor(
    reply: FastifyReply,
    head: ResponseHead,
    closing: boolean,
    flusher: Flusher,
    onDrain: () => void,
  ) {
    this.#raw = reply.raw
    this.#onDrain = onDrain
    writeHead(reply, head, closing)
    reply.hijack()
    flusher.add(this)
  }

  write(chunk: Buffer): boolean {
    if (!this.#flushed && this.#held === undefined) {
      this.#held = chunk
      return true
    }
    this.flush()
    return this.#write(chunk)
  }

  end(): void {
    const held = this.#held
    this.#held = undefined
    this.#flushed = true
    if (held === undefined) this.#raw.end()
    else if (held.length <= SMALL && this.#raw.chunkedEncoding === false) endSmall(this.#raw, held)
    else this.#raw.end(held)
  }

  cut(): void {
    this.flush()
    breakOff(this.#raw)
  }

  flush(): void {
    if (this.#flushed) return
    this.#flushed = true
    const held = this.#held
    this.#held = undefined
    if (held === undefined) this.#raw.flushHeaders()
    else this.#write(held)
  }

  #write(chunk: Buffer): boolean {
    // More than the stream's mark is no backlog where the system has taken it all at once.
    if (this.#raw.write(chunk) || this.#raw.writableLength === 0) return true
    if (!this.#listening) {
      this.#listening = true
      this.#raw.on('drain', this.#onDrain)
    }
    return false
  }
}

// With a head before it, still less than Node writes from a string without allocating.
const SMALL = 8192

/**
 * `raw.end(chunk)` for a small body of known length. Node would send head, body and an empty end
 * as three parts of one writev; as one text they take a plain write, which costs 2 µs less.
 */
function endSmall(raw: ServerResponse, chunk: Buffer): void {
  raw.write(chunk.toString('latin1'), 'latin1')
  raw.socket?.uncork()
  raw.end()
}

/** Ends a response so that its client cannot take what it has for the whole. */
export function breakOff(raw: ServerResponse | Http2ServerResponse): void {
  // To destroy an HTTP/2 stream is to say that there was no error.
  if (raw instanceof Http2ServerResponse) raw.stream?.close(constants.NGHTTP2_INTERNAL_ERROR)
  else raw.destroy()
}

function writeHead(reply: FastifyReply, head: ResponseHead, closing: boolean): void {
  const { raw, request } = reply
  // What hooks have set already (CORS, helmet) goes out too; the server's word wins.
  const own = reply.getHeaders()
  if (request.raw.httpVersionMajor === 2) {
    raw.writeHead(head.status, mergeHeaders(own, groupHeaders(head.headers)))
    return
  }
  if (isMap(raw)) {
    const merged = mergeHeaders(own, groupHeaders(head.headers))
    if (closing) merged.connection = 'close'
    raw.writeHead(head.status, head.reason, merged)
    return
  }
  const { headers } = head
  let said: Set<string> | undefined
  for (const name in own) {
    said ??= namesIn(headers)
    const value = own[name]
    if (value === undefined || (said.has(name) && name !== 'set-cookie')) continue
    for (const one of Array.isArray(value) ? value : [value]) headers.push(name, String(one))
  }
  if (closing) headers.push('Connection', 'close')
  raw.writeHead(head.status, head.reason, headers)
}

function namesIn(headers: readonly string[]): Set<string> {
  return new Set(headers.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase()))
}

/**
 * Once a field has been set on it, as helmet and `app.inject()` do, Node's response takes a list
 * for a map: of repeated fields it would send the last only.
 */
function isMap(raw: ServerResponse): boolean {
  return raw.getHeaderNames().length > 0 || 'isLightMyRequest' in raw
}

function mergeHeaders(
  own: OutgoingHttpHeaders | Record<string, unknown>,
  server: Record<string, string | string[]>,
): OutgoingHttpHeaders {
  const merged = { ...own, ...server } as OutgoingHttpHeaders
  const cookies = [own['set-cookie'] ?? [], server['set-cookie'] ?? []].flat()
  if (cookies.length > 0) merged['set-cookie'] = cookies as string[]
  return merged
}
