import { Readable } from 'node:stream'
import type { Answer } from './direct-answer.js'
import { groupHeaders } from './direct-answer.js'
import type { ResponseHead } from './response-head.js'

/** What reply-from takes for the response that it asked for. */
export interface FromResponse {
  readonly statusCode: number
  readonly headers: Record<string, string | string[]>
  readonly stream: Readable
}

/** Goes back through reply-from and Fastify, so that onSend hooks see the answer. */
export class HookedAnswer implements Answer {
  readonly #stream: ResponseBody

  constructor(
    head: ResponseHead,
    closing: boolean,
    give: (response: FromResponse) => void,
    onDrain: () => void,
    onClosed: () => void,
  ) {
    this.#stream = new ResponseBody(onDrain, onClosed)
    const headers = groupHeaders(head.headers)
    if (closing) headers.connection = 'close'
    give({ statusCode: head.status, headers, stream: this.#stream })
  }

  write(chunk: Buffer): boolean {
    return this.#stream.push(chunk)
  }

  end(): void {
    this.#stream.push(null)
  }

  cut(): void {
    this.#stream.destroy(new Error('the server broke off its answer'))
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
