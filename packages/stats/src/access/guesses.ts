import { createHash } from 'node:crypto'

const WINDOW_MS = 60_000
const MOST_GUESSES = 10
const MOST_ADDRESSES = 1_000

interface Guesser {
  sinceMs: number
  readonly tokens: Set<string>
}

/**
 * Limits how many different wrong tokens an address may try in a minute. The same wrong one again
 * is a client that was set up wrongly, not somebody who guesses: it must not lock out the operator
 * beside it.
 */
export class Guesses {
  readonly #guessers = new Map<string, Guesser>()

  /** Whether the address has guessed too often, so that not even the right token is looked at. */
  isBarred(address: string, nowMs: number): boolean {
    const guesser = this.#guessers.get(address)
    if (guesser === undefined || nowMs - guesser.sinceMs >= WINDOW_MS) return false
    return guesser.tokens.size >= MOST_GUESSES
  }

  note(address: string, token: string, nowMs: number): void {
    let guesser = this.#guessers.get(address)
    if (guesser === undefined || nowMs - guesser.sinceMs >= WINDOW_MS) {
      guesser = { sinceMs: nowMs, tokens: new Set() }
      this.#guessers.delete(address)
      this.#guessers.set(address, guesser)
    }
    guesser.tokens.add(createHash('sha256').update(token).digest('base64'))
    for (const oldest of this.#guessers.keys()) {
      if (this.#guessers.size <= MOST_ADDRESSES) return
      this.#guessers.delete(oldest)
    }
  }
}
