import type { Duplex, Readable } from 'node:stream'
import { type Lease, type Outcome, outcomes, type TimeoutsConfig } from '@holdfast/core'
import type { Connection, ConnectionListener } from '../wire/connection.js'
import type { WireRequest } from '../wire/request-head.js'
import type { WireHead } from '../wire/response-head.js'
import type { Connections } from './connections.js'
import { Deadline, type Deadlines } from './deadlines.js'
import { outcomeOf } from './node-error.js'

/** What an attempt tells whoever made it. After `onFail` or `onEnd` it says no more. */
export interface AttemptListener {
  /** A final head, as it came. */
  onHead(attempt: Attempt, head: WireHead): void
  /** @returns false to have the server wait until `resume`. */
  onData(attempt: Attempt, chunk: Buffer): boolean
  onEnd(attempt: Attempt): void
  /** `cause` is for the log; undefined where a deadline of ours ended it. */
  onFail(attempt: Attempt, outcome: Outcome, cause: Error | undefined): void
  /** The server agreed to the upgrade; `socket` is its end of the tunnel. Nothing more follows. */
  onUpgrade(attempt: Attempt, head: WireHead, socket: Duplex): void
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

/** One request to one server over one connection, with its deadlines and a classified end. */
export class Attempt implements ConnectionListener {
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
  #startedMs = 0
  #endless = false

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

  start(request: WireRequest): void {
    const { deadlines, timeouts } = this.#ground
    this.#startedMs = deadlines.nowMs()
    this.#await(timeouts.connectMs)
    this.connection.send(request, this.#body?.open(), this)
  }

  /** The response has no end to wait for, such as an event stream: silence is not a fault. */
  endless(): void {
    this.#endless = true
    this.#await(this.#ground.timeouts.responseMs)
  }

  resume(): void {
    if (this.#phase === 'answering') this.#awaitBody()
    this.connection.resume()
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

  /** @internal */
  onSending(): void {
    this.sent = true
    this.#phase = 'waiting'
    const { sendMs, headersMs } = this.#ground.timeouts
    this.#await(this.#uploading ? sendMs : headersMs)
  }

  /** @internal */
  onBegun(): void {
    this.begun = true
  }

  /** @internal */
  onHead(head: WireHead): void {
    this.#phase = 'answering'
    this.#awaitBody()
    this.#listener.onHead(this, head)
  }

  /** @internal */
  onSwitch(head: WireHead, socket: Duplex): void {
    this.#over()
    this.#listener.onUpgrade(this, head, socket)
  }

  /** @internal */
  onBody(part: Buffer): void {
    const { timeouts, deadlines } = this.#ground
    if (!this.#endless && timeouts.bodyMs > 0) this.#extend(deadlines.nowMs() + timeouts.bodyMs)
    if (!this.#listener.onData(this, part) && !this.#isOver()) {
      this.connection.pause()
      // While the client is slow, the server's silence is ours.
      this.#await(0)
    }
  }

  /** @internal */
  onComplete(): void {
    this.#over()
    this.#ground.connections.give(this.connection)
    this.#listener.onEnd(this)
  }

  /** @internal */
  onError(error: Error): void {
    this.#fail(this.#phase === 'answering' ? outcomes.cut : outcomeOf(error, this.sent), error)
  }

  #fail(outcome: Outcome, cause?: Error): void {
    this.#over()
    this.connection.destroy()
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
