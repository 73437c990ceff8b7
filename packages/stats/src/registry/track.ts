import { addTo, difference, type Row } from './rows.js'

/** How far apart samples are kept, and how many: a little more than the last minute. */
export const SLOT_MS = 5_000
const SAMPLES = 14
const LEAST_SLOT_S = 3.5

/** How a row has grown over a time. Good for at once: the rows go on. */
export interface Stretch {
  readonly before: Row
  readonly after: Row
  readonly seconds: number
}

/** What it has grown by. */
export function growthIn({ before, after }: Stretch): Row {
  return difference(before, after)
}

/** A row that only grows, with samples of what it was: rates are read between them. */
export class Track {
  readonly total: Row
  readonly #samples: { atMs: number; readonly row: Row }[] = []

  constructor(columns: number) {
    this.total = new Float64Array(columns)
  }

  add(growth: Row): void {
    addTo(this.total, growth)
  }

  /**
   * Adds what was counted at times that nobody watched: it belongs to the total, but it is no
   * traffic of this moment, so every sample gets it too.
   */
  addUnwatched(growth: Row): void {
    addTo(this.total, growth)
    for (const { row } of this.#samples) addTo(row, growth)
  }

  /** Remembers how things are; to be called once a slot. */
  sample(nowMs: number): void {
    const oldest = this.#samples.length < SAMPLES ? undefined : this.#samples.shift()
    const row = oldest?.row ?? new Float64Array(this.total.length)
    row.set(this.total)
    this.#samples.push({ atMs: nowMs, row })
  }

  /** Growth over the last `seconds` or up to a slot more; undefined before there are two samples. */
  since(seconds: number, nowMs: number): Stretch | undefined {
    const [first] = this.#samples
    const from =
      this.#samples.findLast(({ atMs }) => nowMs - atMs >= seconds * 1_000) ??
      // Younger than asked for is still the truth, unless it is too young to divide by.
      (first !== undefined && nowMs - first.atMs >= 1_000 ? first : undefined)
    return from && this.#between(from, nowMs)
  }

  /**
   * Growth over about a slot. After a late sample the next one may come soon: what two seconds
   * counted must not be divided by a tenth of one.
   */
  slot(nowMs: number): Stretch | undefined {
    return this.since(LEAST_SLOT_S, nowMs)
  }

  /** Growth since the latest sample. */
  sinceSample(nowMs: number): Stretch | undefined {
    const from = this.#samples.at(-1)
    return from && nowMs > from.atMs ? this.#between(from, nowMs) : undefined
  }

  #between(from: { readonly atMs: number; readonly row: Row }, nowMs: number): Stretch {
    return { before: from.row, after: this.total, seconds: (nowMs - from.atMs) / 1_000 }
  }
}
