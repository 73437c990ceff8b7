import type { Clock, Timers } from '#core/kernel/clock.js'

/** A clock that stands until it is moved, and timers that go by it, as Node's do by theirs. */
export class VirtualTime implements Clock, Timers {
  #nowMs = 1_000_000
  #due: Array<{ readonly atMs: number; readonly fn: () => void }> = []

  now(): number {
    return this.#nowMs
  }

  wall(): number {
    return 1_700_000_000_000 + this.#nowMs
  }

  after(ms: number, fn: () => void): () => void {
    const entry = { atMs: this.#nowMs + ms, fn }
    this.#due.push(entry)
    return () => {
      this.#due = this.#due.filter((other) => other !== entry)
    }
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#due.length
  }

  /** Lets time pass; promises are settled before every timer and at the end. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    await settled()
    for (;;) {
      const [next] = this.#due.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)
      if (next === undefined) break
      this.#due = this.#due.filter((other) => other !== next)
      this.#nowMs = next.atMs
      next.fn()
      await settled()
    }
    this.#nowMs = endMs
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
