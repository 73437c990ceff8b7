import type { FastifyBaseLogger } from 'fastify'

/** Says that something fails when it begins to, and that it works when it does again. */
export class Trouble {
  readonly #log: FastifyBaseLogger
  readonly #facts: object
  #reason: string | undefined

  constructor(log: FastifyBaseLogger, facts: object) {
    this.#log = log
    this.#facts = facts
  }

  /** Said once, however often it happens and however the reason changes. */
  is(reason: string): void {
    if (this.#reason === undefined) {
      this.#log.warn(
        { ...this.#facts, reason },
        'servers cannot be found out: the last list stands',
      )
    }
    this.#reason = reason
  }

  over(): void {
    if (this.#reason === undefined) return
    this.#log.info({ ...this.#facts, was: this.#reason }, 'servers are found out again')
    this.#reason = undefined
  }
}
