import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { BadGatewayError } from '../errors.js'
import { groupHeaders } from '../raw-headers.js'
import type { Flusher } from '../transport/flusher.js'
import { type Answer, breakOff } from './direct-answer.js'
import type { ResponseHead } from './response-head.js'

/** What reply-from takes for the response that it asked for. */
export interface FromResponse {
  readonly statusCode: number
  readonly headers: Record<string, string | string[]>
  readonly body: Readable
}

/** Goes back through reply-from and Fastify, so that onSend hooks see the answer. */
export class HookedAnswer implements Answer {
  readonly #raw: ServerResponse
  readonly #stream: ResponseBody
  /** The hooks have had their say: the head is complete and the body on its way. */
  #piped = false

  constructor(
    raw: ServerResponse,
    head: ResponseHead,
    closing: boolean,
    flusher: Flusher,
    give: (response: FromResponse) => void,
    onDrain: () => void,
    onClosed: () => void,
  ) {
    this.#raw = raw
    this.#stream = new ResponseBody(onDrain, onClosed)
    // It may break before Fastify listens to it: while hooks are at work, or in the very read that
    // brought the head.
    this.#stream.on('error', () => {})
    const headers = groupHeaders(head.headers)
    if (closing) headers.connection = 'close'
    raw.once('pipe', () => {
      this.#piped = true
      flusher.add(this)
    })
    give({ statusCode: head.status, headers, body: this.#stream })
  }

  write(chunk: Buffer): boolean {
    return this.#stream.push(chunk)
  }

  end(): void {
    this.#stream.push(null)
  }

  cut(): void {
    if (this.#piped) {
      this.flush()
      breakOff(this.#raw)
    }
    this.#stream.destroy(new BadGatewayError())
  }

  /** Node would keep the head until there is some body. */
  flush(): void {
    if (!this.#raw.headersSent) this.#raw.flushHeaders()
  }
}

/** The body of a server's answer as Fastify's own stream. */
class ResponseBody extends Readable {
  readonly #onDrain: () => void
  readonly #onClosed: () => void

  constructor(onDrain: () => void, onClosed: () => void) {
    super()
    this.#onDrain = onDrain
    this.#onClosed = onClosed
  }

  override _read(): void {
    this.#onDrain()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#onClosed()
    callback(error)
  }
}
