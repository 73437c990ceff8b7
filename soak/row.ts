import type { Figure } from './figure.js'
import type { Trial } from './trial.js'

/** One line of the scorecards. */
export interface Row {
  readonly id: string
  readonly what: string
  /** The condition in words; the bounds of its figures are the same in numbers. */
  readonly pass: string
  /** What it needs and is not there, and how to get it. */
  readonly missing?: () => string | undefined
  readonly run: (trial: Trial) => Promise<readonly Figure[]>
}

/** What came of a row. */
export interface Outcome {
  readonly row: Row
  readonly verdict: 'pass' | 'FAIL' | 'skipped'
  readonly figures: readonly Figure[]
  /** Why it was skipped, or what stopped it. */
  readonly reason?: string
  readonly tookS: number
  /** How many processes wanted a core meanwhile, ours included: the mean of the last minute. */
  readonly loadAverage: number
}
