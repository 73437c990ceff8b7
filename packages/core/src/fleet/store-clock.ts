import type { Clock } from '../kernel/clock.js'

/** A wall clock that is further off than this is not corrected: it may be the store that is wrong. */
const MOST_CORRECTION_MS = 3_600_000

/** The store's wall clock, as far as its answers tell: the one clock that all replicas share. */
export class StoreClock {
  readonly #clock: Clock
  #offsetMs: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Learns from an answer what the store's time was while it was asked. */
  take(storeMs: number, askedMs: number, answeredMs: number): void {
    this.#offsetMs = storeMs - (askedMs + answeredMs) / 2
  }

  /** The store's time; this process's own before the first answer. */
  now(): number {
    return this.#offsetMs === undefined ? this.#clock.wall() : this.#clock.now() + this.#offsetMs
  }

  /** The wall time for cookies, whose times other replicas read. */
  wall(): number {
    const ownMs = this.#clock.wall()
    const storeMs = this.now()
    return Math.abs(storeMs - ownMs) > MOST_CORRECTION_MS ? ownMs : storeMs
  }
}
