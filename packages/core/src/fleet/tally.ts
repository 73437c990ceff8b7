/** Fails of one server by replica, over a sliding window. */
export class Tally {
  readonly #counts = new Map<number, Map<string, number>>()

  /** Adds to what `replica` saw and returns everybody's sums within the window. */
  add(replica: string, count: number, windowMs: number, nowMs: number): Map<string, number> {
    // Whole seconds at the least, as nginx counts; a long window in no more than 60 parts.
    const partMs = Math.max(1_000, Math.ceil(windowMs / 60))
    const newest = Math.floor(nowMs / partMs)
    const oldest = newest - Math.ceil(windowMs / partMs)
    const part = this.#counts.get(newest) ?? new Map<string, number>()
    this.#counts.set(newest, part)
    part.set(replica, (part.get(replica) ?? 0) + count)
    const sums = new Map<string, number>()
    for (const [at, counts] of this.#counts) {
      if (at < oldest) this.#counts.delete(at)
      else for (const [name, one] of counts) sums.set(name, (sums.get(name) ?? 0) + one)
    }
    return sums
  }
}
