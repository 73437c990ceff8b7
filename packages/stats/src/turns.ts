import { setImmediate as nextTurn } from 'node:timers/promises'

const TURN_MS = 8

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
