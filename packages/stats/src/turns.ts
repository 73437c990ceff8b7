import { setImmediate as nextTurn } from 'node:timers/promises'

/** Work in steps of well under a millisecond, with its result at the end. */
export type Steps<T> = Generator<unknown, T, undefined>

/** For how long one turn of the event loop may be worked on. */
const TURN_MS = 3

/**
 * Shares the event loop between work that takes long: everything gets a few milliseconds in its
 * turn, and between two turns whoever has sent something is heard.
 */
export class Turns {
  readonly #waiting: Array<() => boolean> = []
  #isRunning = false

  /** Does the work, a little a turn. Rejects with what it throws. */
  run<T>(steps: Steps<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        try {
          return goOn(steps, resolve)
        } catch (error) {
          reject(error)
          return true
        }
      })
      if (!this.#isRunning) void this.#work()
    })
  }

  async #work(): Promise<void> {
    this.#isRunning = true
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (!next()) this.#waiting.push(next)
      await nextTurn()
    }
    this.#isRunning = false
  }
}

/** @returns whether that was the last of it. */
function goOn<T>(steps: Steps<T>, done: (result: T) => void): boolean {
  const endMs = performance.now() + TURN_MS
  do {
    const { done: isDone, value } = steps.next()
    if (isDone === true) {
      done(value)
      return true
    }
  } while (performance.now() < endMs)
  return false
}

/** Does all of the work now, where there is little of it or nobody to be held up. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
  }
}

const CHUNK_CHARACTERS = 65_536

/** Joins pieces of text. */
export function* encode(pieces: Iterable<string>): Steps<Buffer> {
  const chunks: Buffer[] = []
  let text = ''
  for (const piece of pieces) {
    text += piece
    if (text.length >= CHUNK_CHARACTERS) {
      chunks.push(Buffer.from(text))
      text = ''
    }
    yield
  }
  return Buffer.concat([...chunks, Buffer.from(text)])
}
