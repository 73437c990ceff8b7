import type { Socket } from 'node:net'
import type { Duplex, Readable } from 'node:stream'
import { BodySender } from './body-sender.js'
import { ConnectionClosedError } from './errors.js'
import {
  anticipatesBody,
  type RequestHead,
  type WireRequest,
  writeRequestHead,
} from './request-head.js'
import type { WireHead } from './response-head.js'
import { ResponseReader, type ResponseSink } from './response-reader.js'

/** Who sends a request over a connection and takes its response. After the end it hears no more. */
export interface ConnectionListener {
  /** The connection stands and the request is about to leave: from here on it may have arrived. */
  onSending(): void
  /** The first byte that came back. */
  onBegun(): void
  onHead(head: WireHead): void
  /** The server agreed to the upgrade: its end of the tunnel, which is the listener's now. */
  onSwitch(head: WireHead, socket: Duplex): void
  onBody(part: Buffer): void
  onComplete(): void
  /** It broke before the response was complete, or what came was none. */
  onError(error: Error): void
}

/** What is known of an established or a coming connection when it is opened. */
export interface Dial {
  readonly socket: Socket
  /** The event after which it can be written to. */
  readonly ready: 'connect' | 'secureConnect'
}

/** Idle connections are kept for so long where the server does not say; nginx's default, too. */
const IDLE_MS = 60_000
const IDLE_MOST_MS = 600_000
/** So much earlier than the server's word a connection is given up, which may be on its way. */
const IDLE_MARGIN_MS = 2_000

/** One HTTP/1.1 connection to a server: busy with one request, or idle. */
export class Connection implements ResponseSink {
  readonly socket: Socket
  /** Whether a request has gone over it before: the server may have closed it meanwhile. */
  used = false
  closed = false
  /** It can take another request; false also after a response that ends the connection. */
  reusable = false
  /** For how long it may be idle; the server has its say. */
  idleMs: number = IDLE_MS
  /** Whoever keeps it while it is idle writes here until when. */
  idleUntilMs = 0

  readonly #reader = new ResponseReader(this)
  readonly #onClosed: (connection: Connection) => void
  #ready = false
  #request: WireRequest | undefined
  #body: Readable | undefined
  #sender: BodySender | undefined
  #listener: ConnectionListener | undefined
  #sent = false
  #begun = false
  #error: Error | undefined

  /** @param onClosed hears once that it can take no more requests. */
  constructor({ socket, ready }: Dial, onClosed: (connection: Connection) => void) {
    this.socket = socket
    this.#onClosed = onClosed
    socket.once(ready, () => {
      this.#ready = true
      this.#send()
    })
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('error', (error) => {
      this.#error ??= error
    })
    socket.on('close', () => this.#fail(this.#error ?? new ConnectionClosedError()))
  }

  /**
   * Sends a request as soon as the connection stands; one at a time.
   * @param body read only when the connection stands.
   */
  send(request: WireRequest, body: Readable | undefined, listener: ConnectionListener): void {
    this.#request = request
    this.#body = body
    this.#listener = listener
    this.#sent = false
    this.#begun = false
    if (!this.#ready) return
    // What must not be sent twice waits until all that has come is read, for which the loop has to
    // wait for events once more: the server may just have said that it closes.
    if (this.used && !isSafe(request)) setImmediate(() => setImmediate(() => this.#send()))
    else this.#send()
  }

  /** Has the server wait with the rest of the response. */
  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  /** Ends it at once; whoever waits for a response hears nothing. */
  destroy(): void {
    this.#forget()
    this.#close()
  }

  /** @internal */
  onHead(head: WireHead): void {
    const { idleMs } = head
    this.idleMs = idleMs === undefined ? IDLE_MS : Math.min(idleMs, IDLE_MOST_MS) - IDLE_MARGIN_MS
    const request = this.#request
    this.reusable =
      head.keepAlive && this.idleMs > 0 && request?.keepAlive === true && !leavesDoubt(request)
    this.#listener?.onHead(head)
  }

  /** @internal */
  onSwitch(head: WireHead, rest: Buffer): void {
    const { socket } = this
    const listener = this.#listener
    this.#forget()
    this.#leave()
    // Until the tunnel reads it, nothing may be lost.
    socket.pause()
    socket.off('data', this.#onData)
    socket.off('end', this.#onEnd)
    if (rest.length > 0) socket.unshift(rest)
    listener?.onSwitch(head, socket)
  }

  /** @internal */
  onBody(part: Buffer): void {
    this.#listener?.onBody(part)
  }

  /** @internal */
  onComplete(clean: boolean): void {
    // What came behind the message nobody has asked for, or the server has answered before it had
    // the whole body: the two ends are out of step.
    const isBehind = this.#sender?.done === false
    if (!clean || isBehind || this.socket.readableLength > 0) this.reusable = false
    // One that is not done is still to be stopped.
    if (!isBehind) this.#sender = undefined
    const listener = this.#listener
    this.#listener = undefined
    this.#request = undefined
    this.#body = undefined
    if (this.socket.isPaused()) this.socket.resume()
    listener?.onComplete()
  }

  #send(): void {
    const request = this.#request
    const listener = this.#listener
    if (this.closed || request === undefined || listener === undefined) return
    let head: RequestHead
    try {
      head = writeRequestHead(request)
    } catch (error) {
      this.#fail(error as Error)
      return
    }
    this.#reader.expect(request.method, request.upgrade !== undefined)
    this.#sent = true
    listener.onSending()
    const body = this.#body
    if (body === undefined) this.socket.write(head.text, 'latin1')
    else this.#sender = new BodySender(this.socket, head, body, (error) => this.#fail(error))
  }

  readonly #onData = (bytes: Buffer): void => {
    const listener = this.#listener
    if (listener === undefined || !this.#sent) {
      // Nobody asked: were it kept, the next one who asks would take this for the answer.
      this.#fail(new ConnectionClosedError())
      return
    }
    if (!this.#begun) {
      this.#begun = true
      listener.onBegun()
    }
    try {
      this.#reader.read(bytes)
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  readonly #onEnd = (): void => {
    if (this.#listener !== undefined && this.#reader.end()) {
      this.onComplete(false)
      this.destroy()
    } else this.#fail(new ConnectionClosedError())
  }

  #fail(error: Error): void {
    const listener = this.#listener
    this.destroy()
    listener?.onError(error)
  }

  /** Whoever waits for a response does so no more. */
  #forget(): void {
    this.#listener = undefined
    this.#request = undefined
    this.#body = undefined
    this.#reader.stop()
    this.#sender?.stop()
    this.#sender = undefined
  }

  #close(): void {
    this.#leave()
    this.socket.destroy()
  }

  #leave(): void {
    if (this.closed) return
    this.closed = true
    this.reusable = false
    this.#onClosed(this)
  }
}

/**
 * Whether servers are known to disagree on where this exchange ends: some leave the body of a GET to
 * be read as the next request, or read nothing more once they have refused an upgrade. The next
 * request must not find out.
 */
function leavesDoubt({ method, hasBody, upgrade }: WireRequest): boolean {
  return upgrade !== undefined || (hasBody && !anticipatesBody(method))
}

/** Methods that change nothing: to send them twice is no harm (RFC 9110, 9.2.1). */
function isSafe({ method, hasBody }: WireRequest): boolean {
  return !hasBody && (method === 'GET' || method === 'HEAD' || method === 'OPTIONS')
}
