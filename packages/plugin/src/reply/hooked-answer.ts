import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { BadGatewayError } from '../errors.js'
import type { Flusher } from '../transport/flusher.js'
import type { Answer } from './direct-answer.js'
import { groupHeaders } from './direct-answer.js'
import type { ResponseHead } from './response-head.js'

/** What reply-from takes for the response that it asked for. */
export interface FromResponse {
  readonly statusCode: number
  readonly headers: Record<string, string | string[]>
  readonly body: Readable
}

/** Goes back through reply-from and Fastify, so that onSend hooks see the answer. */
export class HookedAnswer implements Answer {
  readonly #stream: ResponseBody

  constructor(
    raw: ServerResponse,
    head: ResponseHead,
    closing: boolean,
    flusher: Flusher,
    give: (response: FromResponse) => void,
    onDrain: () => void,
    onClosed: () => void,
  ) {
    this.#stream = new ResponseBody(onDrain, onClosed)
    const headers = groupHeaders(head.headers)
    if (closing) headers.connection = 'close'
    // Node would keep the head until there is some body. The hooks have had their say when a
    // stream is piped into the response.
    raw.once('pipe', () => flusher.add({ flush: () => raw.headersSent || raw.flushHeaders() }))
    give({ statusCode: head.status, headers, body: this.#stream })
  }

  write(chunk: Buffer): boolean {
    return this.#stream.push(chunk)
  }

  end(): void {
    this.#stream.push(null)
  }

  cut(): void {
    // The client is told so while it has nothing yet; later the connection just breaks.
    this.#stream.destroy(new BadGatewayError())
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
