// The idlest come first; a minute tells someone at work from someone who is reading.
const PATIENCE_MS = 60_000

const MINUTE_MS = 60_000

/**
 * How many sessions may be moved: never more than `perMinute` in any minute. The more of it is
 * spent, the longer a session must have been idle to be worth a part of what is left; what lies
 * unused makes it cheap again, so that busy sessions move as well where there are no idle ones.
 */
export class MoveBudget {
  readonly #capacity: number
  readonly #perMs: number
  #left: number
  #atMs: number

  constructor(perMinute: number, nowMs: number) {
    // A full bucket and what flows into it in a minute are the budget together.
    this.#capacity = Math.max(1, Math.floor(perMinute / 10))
    const flow = this.#capacity === 1 ? perMinute : perMinute - this.#capacity
    this.#perMs = flow / MINUTE_MS
    this.#left = this.#capacity
    this.#atMs = nowMs
  }

  /** Moves one session that has been idle for so long, if that is enough and the budget allows. */
  take(idleMs: number, nowMs: number): boolean {
    this.#left = Math.min(this.#capacity, this.#left + (nowMs - this.#atMs) * this.#perMs)
    this.#atMs = nowMs
    if (this.#left < 1 || idleMs < PATIENCE_MS * (1 - this.#left / this.#capacity)) return false
    this.#left -= 1
    return true
  }
}
