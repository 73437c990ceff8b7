import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { InvalidRequestError } from './errors.js'
import type { RequestHead } from './request-head.js'

/** Sends a request's body behind its head, no faster than the server takes it. */
export class BodySender {
  readonly #socket: Socket
  readonly #body: Readable
  readonly #length: number | undefined
  readonly #onWrong: (error: Error) => void
  /** The whole body is on its way. */
  done = false
  #bytes = 0
  #corked = true

  /**
   * Sends the head at once with what there is of the body.
   * @param onWrong the body is not as long as its head says: the message cannot be ended.
   */
  constructor(
    socket: Socket,
    { text, length }: RequestHead,
    body: Readable,
    onWrong: (error: Error) => void,
  ) {
    this.#socket = socket
    this.#body = body
    this.#length = length
    this.#onWrong = onWrong
    socket.cork()
    socket.write(text, 'latin1')
    // The first of the body is most often there, but is handed over some ticks later.
    setImmediate(() => this.#uncork())
    socket.on('drain', this.#onDrain)
    body.on('data', this.#onData)
    body.on('end', this.#onEnd)
    body.on('error', this.#onWrong)
  }

  /** Leaves the socket alone; the rest of the body goes nowhere. */
  stop(): void {
    this.#uncork()
    this.#socket.off('drain', this.#onDrain)
    this.#body.off('data', this.#onData)
    this.#body.off('end', this.#onEnd)
    this.#body.destroy()
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes += chunk.length
    const socket = this.#socket
    if (this.#length === undefined) {
      socket.cork()
      socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1')
      socket.write(chunk)
      socket.write('\r\n', 'latin1')
      socket.uncork()
    } else if (this.#bytes > this.#length) {
      this.#onWrong(new InvalidRequestError('a body longer than its Content-Length'))
      return
    } else socket.write(chunk)
    this.#uncork()
    // What the system has taken at once is no backlog.
    if (socket.writableNeedDrain && socket.writableLength > 0) this.#body.pause()
  }

  readonly #onEnd = (): void => {
    this.done = true
    if (this.#length === undefined) this.#socket.write('0\r\n\r\n', 'latin1')
    else if (this.#bytes < this.#length) {
      this.#onWrong(new InvalidRequestError('a body shorter than its Content-Length'))
    }
    this.#uncork()
    this.#socket.off('drain', this.#onDrain)
  }

  readonly #onDrain = (): void => {
    this.#body.resume()
  }

  #uncork(): void {
    if (!this.#corked) return
    this.#corked = false
    this.#socket.uncork()
  }
}
