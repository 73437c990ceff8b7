import { maxHeaderSize } from 'node:http'
import { ChunkedReader } from './chunked-reader.js'
import { InvalidResponseError } from './errors.js'
import { readWireHead, type WireHead } from './response-head.js'

/** Takes a response as it is read. */
export interface ResponseSink {
  /** The final head; interim ones are read over. */
  onHead(head: WireHead): void
  /** The server agreed to the upgrade; `rest` came behind its head already. */
  onSwitch(head: WireHead, rest: Buffer): void
  onBody(part: Buffer): void
  /** @param clean whether nothing came behind the message. */
  onComplete(clean: boolean): void
}

const HEAD_END = Buffer.from('\r\n\r\n')
const START = Buffer.from('HTTP/1.')
const NOTHING = Buffer.alloc(0)
const SWITCHING_PROTOCOLS = 101
const FINAL = 200

/** Reads one response after the other off the bytes of a connection, however they are cut. */
export class ResponseReader {
  readonly #sink: ResponseSink
  #state: 'idle' | 'head' | 'length' | 'chunked' | 'close' = 'idle'
  #method = ''
  #upgrade = false
  /** The beginning of a head whose end has not come. */
  #held: Buffer = NOTHING
  #left = 0
  #chunks: ChunkedReader | undefined

  constructor(sink: ResponseSink) {
    this.#sink = sink
  }

  /** The next bytes are the response to such a request. */
  expect(method: string, upgrade: boolean): void {
    this.#state = 'head'
    this.#method = method
    this.#upgrade = upgrade
  }

  /** Reads no more of the response: nobody waits for it. */
  stop(): void {
    this.#state = 'idle'
    this.#held = NOTHING
    this.#chunks = undefined
  }

  /** @throws InvalidResponseError */
  read(chunk: Buffer): void {
    let bytes = chunk
    let searched = 0
    if (this.#held.length > 0) {
      bytes = Buffer.concat([this.#held, chunk])
      searched = Math.max(0, this.#held.length - HEAD_END.length + 1)
      this.#held = NOTHING
    }
    let at = 0
    while (this.#state === 'head') {
      const end = bytes.indexOf(HEAD_END, Math.max(at, searched))
      if ((end < 0 ? bytes.length : end) - at > maxHeaderSize) {
        throw new InvalidResponseError('a head that is too long')
      }
      if (end < 0) {
        this.#hold(bytes.subarray(at))
        return
      }
      at = this.#readHead(bytes, at, end)
    }
    if (this.#state === 'length') this.#readLength(bytes, at)
    else if (this.#state === 'chunked') this.#readChunks(bytes, at)
    else if (this.#state === 'close' && at < bytes.length) {
      this.#sink.onBody(part(bytes, at, bytes.length))
    }
  }

  /** The connection has ended; true where that ends the response as it should. */
  end(): boolean {
    if (this.#state !== 'close') return false
    this.stop()
    return true
  }

  /** Keeps the beginning of a head, unless it is that of something else than HTTP. */
  #hold(beginning: Buffer): void {
    const known = Math.min(beginning.length, START.length)
    if (beginning.compare(START, 0, known, 0, known) !== 0) {
      throw new InvalidResponseError('no HTTP/1 status line')
    }
    this.#held = beginning
  }

  /** @returns where the head's body, or the next head, starts. */
  #readHead(bytes: Buffer, at: number, end: number): number {
    const head = readWireHead(bytes.toString('latin1', at, end), this.#method)
    const next = end + HEAD_END.length
    if (head.status === SWITCHING_PROTOCOLS) {
      if (!this.#upgrade) throw new InvalidResponseError('an upgrade that nobody asked for')
      this.#state = 'idle'
      this.#sink.onSwitch(head, bytes.subarray(next))
    } else if (head.status >= FINAL) {
      this.#left = head.length
      if (head.framing === 'chunked') this.#chunks = new ChunkedReader()
      this.#state = head.framing === 'none' ? 'length' : head.framing
      this.#sink.onHead(head)
    }
    return next
  }

  #readLength(bytes: Buffer, at: number): void {
    const end = Math.min(at + this.#left, bytes.length)
    this.#left -= end - at
    if (end > at) this.#sink.onBody(part(bytes, at, end))
    if (this.#left === 0 && this.#state === 'length') this.#complete(end === bytes.length)
  }

  #readChunks(bytes: Buffer, at: number): void {
    const chunks = this.#chunks
    if (chunks === undefined) return
    const end = chunks.read(bytes, at, this.#onData)
    if (chunks.done && this.#state === 'chunked') this.#complete(end === bytes.length)
  }

  readonly #onData = (data: Buffer): boolean => {
    this.#sink.onBody(data)
    return this.#state === 'chunked'
  }

  #complete(clean: boolean): void {
    this.stop()
    this.#sink.onComplete(clean)
  }
}

function part(bytes: Buffer, at: number, end: number): Buffer {
  return at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end)
}
