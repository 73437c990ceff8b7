import { setImmediate as nextTurn } from 'node:timers/promises'

const TURN_MS = 8

/**
 * Work that takes milliseconds a piece, one piece a turn of the event loop: answers that come at
 * once would otherwise be worked on at once, and nobody else would be heard meanwhile.
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs `job` when its turn has come. */
  run<T>(job: () => T): Promise<T> {
    const turn = this.#last.then(() => nextTurn()).then(job)
    this.#last = turn.catch(() => undefined)
    return turn
  }
}

/** Joins pieces, and lets others have a turn whenever that has taken a while. */
export async function joinInTurns(pieces: Iterable<string>): Promise<string> {
  let text = ''
  let started = performance.now()
  for (const piece of pieces) {
    text += piece
    if (performance.now() - started < TURN_MS) continue
    await nextTurn()
    started = performance.now()
  }
  return text
}
