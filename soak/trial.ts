import { createSeededRandom, type Random } from '@holdfast/core'

/** The seconds of a run as the scorecards mean it. */
const FULL_S = 60

export interface TrialOptions {
  /** How long a run is to be, where the row's own length is too long. */
  readonly seconds: number | undefined
  readonly seed: number
  readonly tell: (text: string) => void
}

/** One run of a row: how long, with which chance, and what is to be cleared away after it. */
export class Trial {
  readonly seed: number
  readonly random: Random
  readonly tell: (text: string) => void
  readonly #seconds: number | undefined
  readonly #cleanUps: Array<() => unknown> = []

  constructor({ seconds, seed, tell }: TrialOptions) {
    this.seed = seed
    this.random = createSeededRandom(seed)
    this.tell = tell
    this.#seconds = seconds
  }

  /** How long a load runs. */
  seconds(usual: number = FULL_S): number {
    return this.#seconds ?? usual
  }

  /** How often something is done, or how much of it: a shorter run does less. */
  count(usual: number): number {
    if (this.#seconds === undefined) return usual
    return Math.ceil(usual * Math.min(1, this.#seconds / FULL_S))
  }

  /** Clears something away when the row has ended, the last one first. */
  after(cleanUp: () => unknown): void {
    this.#cleanUps.push(cleanUp)
  }

  /** Tells of a request that came to nothing, where the row counts those that did not. */
  readonly note = (error: unknown): undefined => {
    this.tell(error instanceof Error ? error.message : String(error))
  }

  async end(): Promise<void> {
    for (const cleanUp of this.#cleanUps.toReversed()) await cleanUp()
  }
}
