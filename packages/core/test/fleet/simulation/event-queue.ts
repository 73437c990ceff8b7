import type { Timers } from '#core/kernel/clock.js'

interface Entry {
  readonly atMs: number
  readonly order: number
  readonly fn: () => void
}

/** Virtual time: what is to happen, in order; equal times in the order they were asked for. */
export class EventQueue implements Timers {
  nowMs = 0
  readonly #heap: Entry[] = []
  #count = 0
  #isAwake = false

  after(ms: number, fn: () => void): () => void {
    let isDue = true
    this.#push({
      atMs: this.nowMs + Math.max(0, ms),
      order: this.#count++,
      fn: () => {
        if (isDue) fn()
      },
    })
    return () => {
      isDue = false
    }
  }

  /** To be called by what settles a promise: nothing else happens until that has had its effect. */
  wake(): void {
    this.#isAwake = true
  }

  /** Lets everything happen that is due until then. */
  async run(untilMs: number, afterEach: () => void): Promise<void> {
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= untilMs; ) {
      this.#pop()
      this.nowMs = next.atMs
      next.fn()
      if (this.#isAwake) await settled()
      this.#isAwake = false
      afterEach()
      next = this.#heap[0]
    }
    this.nowMs = untilMs
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(entry)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !isBefore(entry, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      let below = heap[child]
      const right = heap[child + 1]
      if (below === undefined) break
      if (right !== undefined && isBefore(right, below)) {
        child += 1
        below = right
      }
      if (!isBefore(below, last)) break
      heap[at] = below
      at = child
    }
    heap[at] = last
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
