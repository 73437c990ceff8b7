const WINDOW_S = 10

/**
 * Keeps retries from multiplying the load of servers that are failing already: over the last
 * 10 s they may be a share of the requests, and a few a second are free, so that a quiet upstream
 * can retry at all.
 *
 * The idea and its figures are those of Finagle's retry budget. There the free retries of 10 s lie
 * in one reserve, which a single bad second can empty; here every second brings its own.
 */
export class RetryBudget {
  readonly #ratio: number
  readonly #minPerSecond: number
  // One bucket a second, at the second modulo the window. `charged` leaves out what was free.
  readonly #requests = new Float64Array(WINDOW_S)
  readonly #charged = new Float64Array(WINDOW_S)
  #requestsInWindow = 0
  #chargedInWindow = 0
  #second = 0
  #freeUsed = 0

  /**
   * @param limits.ratio retries a request, 0 to 1.
   * @param limits.minPerSecond free retries in each second.
   */
  constructor(limits: { readonly ratio: number; readonly minPerSecond: number }) {
    this.#ratio = limits.ratio
    this.#minPerSecond = limits.minPerSecond
  }

  /** Books a request, once however often it is tried. */
  request(nowMs: number): void {
    const bucket = this.#advance(nowMs)
    this.#requests[bucket] = (this.#requests[bucket] ?? 0) + 1
    this.#requestsInWindow += 1
  }

  /** Whether `tryRetry` would allow a retry now; books nothing. */
  hasRoom(nowMs: number): boolean {
    this.#advance(nowMs)
    return (
      this.#freeUsed < this.#minPerSecond ||
      this.#chargedInWindow + 1 <= this.#ratio * this.#requestsInWindow
    )
  }

  /** Whether a retry may be made now. If so it is booked: ask only when about to make it. */
  tryRetry(nowMs: number): boolean {
    const bucket = this.#advance(nowMs)
    if (this.#freeUsed < this.#minPerSecond) {
      this.#freeUsed += 1
      return true
    }
    if (this.#chargedInWindow + 1 > this.#ratio * this.#requestsInWindow) return false
    this.#charged[bucket] = (this.#charged[bucket] ?? 0) + 1
    this.#chargedInWindow += 1
    return true
  }

  /** Forgets what has left the window; the index of the current second's bucket. */
  #advance(nowMs: number): number {
    const second = Math.floor(nowMs / 1_000)
    if (second > this.#second) {
      // After a long silence every bucket is stale, and each needs clearing only once.
      const passed = Math.min(second - this.#second, WINDOW_S)
      for (let i = 1; i <= passed; i += 1) this.#clear((this.#second + i) % WINDOW_S)
      this.#second = second
      this.#freeUsed = 0
    }
    return this.#second % WINDOW_S
  }

  #clear(bucket: number): void {
    this.#requestsInWindow -= this.#requests[bucket] ?? 0
    this.#chargedInWindow -= this.#charged[bucket] ?? 0
    this.#requests[bucket] = 0
    this.#charged[bucket] = 0
  }
}
