import { Readable } from 'node:stream'

/** What the exchange wants to know of a body on its way to the server. */
export interface BodyListener {
  /** More came than the limit allows. */
  onBodyTooLarge(): void
  /** A part came from the client, or the server took all there was. */
  onBodyMoved(): void
  /** The last byte was handed over. */
  onBodyEnd(): void
  /** The rest will not come: what reads or unpacks the body for the gateway gave it up. */
  onBodyFail(error: Error): void
}

/**
 * A request's body, for as many attempts as it can be replayed to. It is not read before a server
 * takes it, so a body of which nothing went out survives a refused connection; of an idempotent
 * request it keeps the first bytes while they pass, and can start over as long as it has them all.
 */
export class RequestBody {
  readonly #source: Readable
  readonly #listener: BodyListener
  readonly #limit: number
  readonly #keepMost: number
  #kept: Buffer[] | undefined
  #bytes = 0
  #listening = false
  #ended = false
  #reader: Reader | undefined

  /**
   * @param limit most bytes that may come; more is reported and the rest not read.
   * @param keepMost bytes to keep for a replay; 0 for requests that are not to be repeated.
   */
  constructor(source: Readable, limit: number, keepMost: number, listener: BodyListener) {
    this.#source = source
    this.#limit = limit
    this.#keepMost = keepMost
    this.#kept = keepMost > 0 ? [] : undefined
    this.#listener = listener
    // Before anything is read: a hook's stream that breaks unheard would end the process.
    source.on('error', (error) => listener.onBodyFail(error))
  }

  /** Bytes that came from the client so far. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether the whole body, as far as it came, can be sent again. */
  get replayable(): boolean {
    return this.#bytes === 0 || this.#kept !== undefined
  }

  /** Whether the server, and not the client, is what the upload waits for. */
  get waitsForServer(): boolean {
    return this.#reader !== undefined && !this.#reader.wanting
  }

  get ended(): boolean {
    return this.#ended
  }

  /** A stream for one attempt; it takes over from the one of the attempt before. */
  open(): Readable {
    this.#reader = new Reader(this)
    for (const chunk of this.#kept ?? []) this.#reader.push(chunk)
    if (this.#ended) this.#reader.push(null)
    return this.#reader
  }

  /** Takes the body from whoever reads it; what else comes from the client is thrown away. */
  detach(): void {
    this.#reader = undefined
    this.#source.resume()
  }

  /** @internal The reader of an attempt wants more. */
  demand(reader: Reader): void {
    if (reader !== this.#reader || this.#ended) return
    this.#listener.onBodyMoved()
    if (!this.#listening) this.#listen()
    this.#source.resume()
  }

  #listen(): void {
    this.#listening = true
    this.#source.on('data', (chunk: Buffer) => this.#take(chunk))
    this.#source.on('end', () => {
      this.#ended = true
      this.#reader?.push(null)
      this.#listener.onBodyEnd()
    })
  }

  #take(chunk: Buffer): void {
    const fitted = this.#bytes <= this.#limit
    this.#bytes += chunk.length
    if (this.#bytes > this.#limit) {
      this.detach()
      if (fitted) this.#listener.onBodyTooLarge()
      return
    }
    if (this.#kept !== undefined) {
      if (this.#bytes > this.#keepMost) this.#kept = undefined
      else this.#kept.push(chunk)
    }
    if (this.#reader !== undefined && !this.#reader.push(chunk)) this.#source.pause()
    this.#listener.onBodyMoved()
  }
}

/** One attempt's view of the body. Destroying it leaves the client's connection alone. */
class Reader extends Readable {
  readonly #body: RequestBody
  wanting = false

  constructor(body: RequestBody) {
    super()
    this.#body = body
  }

  override _read(): void {
    this.wanting = true
    this.#body.demand(this)
  }

  override push(chunk: Buffer | null): boolean {
    this.wanting = false
    const more = super.push(chunk)
    if (more) this.wanting = true
    return more
  }
}
