/** Something that may hold back a little of an answer in the hope of sending it with the rest. */
export interface Flushable {
  flush(): void
}

/**
 * Head and body of most answers arrive together and should leave together. What has not got a
 * body by the end of the event loop's turn is sent as it is: one immediate for all requests of a
 * turn, since one each would cost more than it saves.
 */
export class Flusher {
  #waiting: Flushable[] = []

  /** Has `answer.flush()` called before the loop waits again. */
  add(answer: Flushable): void {
    if (this.#waiting.length === 0) setImmediate(() => this.#flushAll())
    this.#waiting.push(answer)
  }

  #flushAll(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const answer of waiting) answer.flush()
  }
}
