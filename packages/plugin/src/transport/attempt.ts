import type { Duplex, Readable } from 'node:stream'
import { type Lease, type Outcome, outcomes, type TimeoutsConfig } from '@holdfast/core'
import type { Dispatcher } from 'undici'
import type { Connection, Connections } from './connections.js'
import { Deadline, type Deadlines } from './deadlines.js'
import { DeadlineError, outcomeOf } from './node-error.js'

/** What an attempt tells whoever made it. After `onFail` or `onEnd` it says no more. */
export interface AttemptListener {
  /** A final head; headers are name and value in turn, as they came. */
  onHead(attempt: Attempt, status: number, headers: readonly Buffer[], reason: string): void
  /** @returns false to have the server wait until `resume`. */
  onData(attempt: Attempt, chunk: Buffer): boolean
  onEnd(attempt: Attempt): void
  /** `cause` is for the log; undefined where a deadline of ours ended it. */
  onFail(attempt: Attempt, outcome: Outcome, cause: Error | undefined): void
  /** The server agreed to the upgrade; `socket` is its end of the tunnel. Nothing more follows. */
  onUpgrade(attempt: Attempt, headers: readonly Buffer[], socket: Duplex): void
}

/** What goes to the server. */
export interface AttemptRequest {
  readonly method: string
  readonly path: string
  readonly headers: string[]
  readonly body: AttemptBody | undefined
  /** The protocol to ask for, in place of an answer; undefined for ordinary requests. */
  readonly upgrade: string | undefined
}

/** As much of a request's body as an attempt needs. */
export interface AttemptBody {
  readonly ended: boolean
  /** The server has not taken what there is. */
  readonly waitsForServer: boolean
  open(): Readable
}

/** What attempts to one server share. */
export interface AttemptGround {
  readonly connections: Connections
  readonly deadlines: Deadlines
  readonly timeouts: TimeoutsConfig
}

/**
 * One dispatch to one server over one connection: undici's handler, our deadlines, and a
 * classified end. Whatever comes of a connection that was given up finds the attempt over.
 */
export class Attempt implements Dispatcher.DispatchHandler {
  readonly lease: Lease
  readonly connection: Connection
  /** Whether it went over a connection that the server may have closed meanwhile. */
  readonly reused: boolean
  /** A byte of the request may have reached the server. */
  sent = false
  /** A byte of a response came from it. */
  begun = false

  readonly #listener: AttemptListener
  readonly #ground: AttemptGround
  readonly #body: AttemptBody | undefined
  readonly #deadline = new Deadline(() => this.#onDeadline())
  #phase: 'connecting' | 'waiting' | 'answering' | 'over' = 'connecting'
  #controller: Dispatcher.DispatchController | undefined
  #startedMs = 0
  #endless = false
  #bodiless = false
  /** Whether the server will keep the connection, as the head says. */
  keepAlive = true

  constructor(
    listener: AttemptListener,
    ground: AttemptGround,
    lease: Lease,
    body: AttemptBody | undefined,
    fresh: boolean,
  ) {
    this.#listener = listener
    this.#ground = ground
    this.#body = body
    this.lease = lease
    this.connection = ground.connections.take(fresh)
    this.reused = this.connection.used
  }

  start(request: AttemptRequest): void {
    const { deadlines, timeouts } = this.#ground
    this.#startedMs = deadlines.nowMs()
    this.#await(timeouts.connectMs)
    this.connection.client.dispatch(
      {
        path: request.path,
        method: request.method as Dispatcher.HttpMethod,
        headers: request.headers,
        body: this.#body?.open() ?? null,
        // undici would close the connection after every HEAD.
        reset: request.upgrade !== undefined,
        ...(request.upgrade === undefined ? {} : { upgrade: request.upgrade }),
        ...(this.#ground.connections.serverName === undefined
          ? {}
          : { servername: this.#ground.connections.serverName }),
      } as Dispatcher.DispatchOptions,
      this,
    )
  }

  /** The response has no end to wait for, such as an event stream: silence is not a fault. */
  endless(): void {
    this.#endless = true
    this.#await(this.#ground.timeouts.responseMs)
  }

  resume(): void {
    if (this.#phase === 'answering') this.#awaitBody()
    this.#controller?.resume()
  }

  /** Gives the attempt up: the server sees its connection close, the listener hears nothing. */
  abandon(): void {
    if (this.#phase === 'over') return
    this.#over()
    this.connection.destroy()
  }

  /** Of the body a part came from the client, or went to the server. */
  bodyMoved(): void {
    const { deadlines, timeouts } = this.#ground
    if (this.#phase === 'waiting') this.#extend(deadlines.nowMs() + timeouts.sendMs)
  }

  /** The whole request is on its way; now the server owes an answer. */
  requestEnded(): void {
    if (this.#phase === 'waiting') this.#await(this.#ground.timeouts.headersMs)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#phase === 'over') return
    this.#controller = controller
    this.sent = true
    this.#phase = 'waiting'
    const { sendMs, headersMs } = this.#ground.timeouts
    this.#await(this.#uploading ? sendMs : headersMs)
  }

  onRequestUpgrade(
    controller: Dispatcher.DispatchController,
    _status: number,
    _headers: unknown,
    socket: Duplex,
  ): void {
    if (this.#phase !== 'waiting') {
      socket.destroy()
      return
    }
    this.#over()
    const raw = controller.rawHeaders as Buffer[] | null | undefined
    this.#listener.onUpgrade(this, raw ?? [], socket)
  }

  onResponseStarted(): void {
    this.begun = true
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    reason = '',
  ): void {
    // 102 and 103 come before the answer; nothing of them is passed on.
    if (this.#phase !== 'waiting' || status < 200) return
    this.#phase = 'answering'
    this.#bodiless = status === 204 || status === 304
    this.#awaitBody()
    // Of an HTTP/1 response undici hands out the header fields just as they came.
    const raw = controller.rawHeaders as Buffer[] | null | undefined
    this.#listener.onHead(this, status, raw ?? [], reason)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#phase !== 'answering') return
    const { timeouts, deadlines } = this.#ground
    if (!this.#endless && timeouts.bodyMs > 0) this.#extend(deadlines.nowMs() + timeouts.bodyMs)
    if (!this.#listener.onData(this, chunk) && !this.#isOver()) {
      controller.pause()
      // While the client is slow, the server's silence is ours.
      this.#await(0)
    }
  }

  onResponseEnd(): void {
    if (this.#phase !== 'answering') return
    this.#over()
    // What the server did not want to read to the end is still on this connection's way.
    if (this.keepAlive && !this.#uploading) this.#ground.connections.give(this.connection)
    else this.connection.destroy()
    this.#listener.onEnd(this)
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#phase === 'over') return
    if (this.#bodiless) {
      // The Content-Length of a 304 is that of the 200; undici misses so many bytes and gives the
      // connection up (RFC 9110, 8.6).
      this.keepAlive = false
      this.onResponseEnd()
      return
    }
    this.#fail(this.#phase === 'answering' ? outcomes.cut : outcomeOf(error, this.sent), error)
  }

  #fail(outcome: Outcome, cause?: Error): void {
    this.#over()
    this.connection.destroy(new DeadlineError(outcome))
    this.#listener.onFail(this, outcome, cause)
  }

  #over(): void {
    this.#phase = 'over'
    this.#ground.deadlines.cancel(this.#deadline)
  }

  get #uploading(): boolean {
    return this.#body !== undefined && !this.#body.ended
  }

  #isOver(): boolean {
    return this.#phase === 'over'
  }

  #awaitBody(): void {
    const { timeouts } = this.#ground
    this.#await(this.#endless ? timeouts.responseMs : timeouts.bodyMs)
  }

  /** Arms the deadline `ms` from now; 0 leaves only the one for the whole response. */
  #await(ms: number): void {
    const { deadlines, timeouts } = this.#ground
    const whole = this.#wholeDueMs()
    if (ms <= 0 && timeouts.responseMs <= 0) {
      deadlines.cancel(this.#deadline)
      return
    }
    const dueMs = ms > 0 ? deadlines.nowMs() + ms : whole
    deadlines.schedule(this.#deadline, Math.min(dueMs, whole))
  }

  /** Moves an armed deadline; only ever later, so it stays in its place on the wheel. */
  #extend(dueMs: number): void {
    this.#deadline.dueMs = Math.min(dueMs, this.#wholeDueMs())
  }

  #wholeDueMs(): number {
    const { responseMs } = this.#ground.timeouts
    return responseMs > 0 ? this.#startedMs + responseMs : Number.POSITIVE_INFINITY
  }

  #onDeadline(): void {
    const nowMs = this.#ground.deadlines.nowMs()
    const whole = nowMs >= this.#wholeDueMs()
    if (this.#phase === 'connecting') {
      // Whole or not: nothing has been sent yet.
      this.#fail(outcomes.connectTimeout)
    } else if (this.#phase === 'answering') {
      this.#fail(outcomes.cut)
    } else if (whole || !this.#uploading) {
      this.#fail(outcomes.headTimeout)
    } else {
      this.#fail(this.#body?.waitsForServer ? outcomes.sendTimeout : outcomes.aborted)
    }
  }
}
