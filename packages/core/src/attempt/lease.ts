import { type Outcome, outcomes } from '../kernel/outcome.js'
import type { Server } from '../servers/server.js'
import type { ServerCounters, UpstreamCounters } from '../stats/counters.js'

/** What a lease reports to: the books and the health of its upstream. */
export interface LeaseKeeper {
  nowMs(): number
  readonly counters: UpstreamCounters
  /** Tells health that a request was sent to, failed at, or was answered by the server. */
  record(server: Server, event: 'pick' | 'fail' | 'ok', outcome: Outcome, nowMs: number): void
}

// From this answer on the connection is a tunnel.
const SWITCHING_PROTOCOLS = 101

/**
 * The receipt of one attempt: it holds one of the server's connections from the pick until
 * `release`, which must come exactly once whatever happens.
 */
export class Lease {
  readonly server: Server
  readonly startedMs: number
  /** The status of the response's head, or of the answer that the end of the attempt stands for. */
  status = 0
  /** From dispatch to the head, or to the end where no head came. */
  timeMs = 0
  /** How it ended; undefined until it has. */
  outcome: Outcome | undefined

  readonly #keeper: LeaseKeeper
  readonly #counters: ServerCounters
  #state: 'open' | 'answered' | 'released' = 'open'

  constructor(keeper: LeaseKeeper, server: Server, retry: boolean, nowMs: number) {
    this.#keeper = keeper
    this.server = server
    this.startedMs = nowMs
    this.#counters = keeper.counters.of(server)
    this.#counters.attempts += 1
    if (retry) this.#counters.retries += 1
    server.active += 1
    keeper.record(server, 'pick', outcomes.ok, nowMs)
  }

  get released(): boolean {
    return this.#state === 'released'
  }

  /**
   * The head of the response was accepted: the server has proved itself. nginx counts this at the
   * end of the response; waiting for the end of a stream that lasts for hours would leave a
   * recovered server with one client, and what fails after the head is no fail there either.
   */
  answered(status: number): void {
    if (this.#state !== 'open') return
    this.#state = 'answered'
    this.status = status
    const nowMs = this.#keeper.nowMs()
    this.timeMs = nowMs - this.startedMs
    this.#counters.answered(status, this.timeMs)
    if (status === SWITCHING_PROTOCOLS) this.#counters.tunnels += 1
    this.#keeper.record(this.server, 'ok', outcomes.ok, nowMs)
  }

  /**
   * Gives the connection back.
   * @throws Error when it is released twice: that would let the server be overrun.
   */
  release(outcome: Outcome): void {
    if (this.#state === 'released') throw new Error(`a lease was released twice (${outcome.name})`)
    if (this.#state === 'open') {
      const nowMs = this.#keeper.nowMs()
      this.timeMs = nowMs - this.startedMs
      if (this.status === 0) this.status = outcome.status ?? 0
      if (outcome.fail !== undefined) {
        this.#counters.fails[outcome.fail] += 1
        this.#keeper.record(this.server, 'fail', outcome, nowMs)
      }
    }
    if (this.status === SWITCHING_PROTOCOLS) this.#counters.tunnels -= 1
    this.#state = 'released'
    this.outcome = outcome
    this.server.active -= 1
  }

  /** Books a request whose last attempt this was. */
  closesRequest(): void {
    this.#counters.requests += 1
  }

  /** Adds to the bytes that went to (`in`) and came from (`out`) the server. */
  moved(bytesIn: number, bytesOut: number): void {
    this.#counters.bytesIn += bytesIn
    this.#counters.bytesOut += bytesOut
  }
}
