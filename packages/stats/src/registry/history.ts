/** How the values of several slots become one: a mean, a sum, or the greatest. */
export type Fold = 'mean' | 'sum' | 'peak'

/** A stretch of the past, oldest first; null where nothing is known. */
export interface Past<Name extends string> {
  /** Wall milliseconds of the first value. */
  readonly fromMs: number
  readonly stepMs: number
  readonly series: Readonly<Record<Name, ReadonlyArray<number | null>>>
}

export interface Resolution {
  readonly stepMs: number
  readonly length: number
}

/** The last hour at five seconds, and the last day at two minutes. */
export const resolutions: { readonly fine: Resolution; readonly coarse: Resolution } = {
  fine: { stepMs: 5_000, length: 720 },
  coarse: { stepMs: 120_000, length: 720 },
}

/**
 * What some figures were over the last hour and, coarser, the last day. Its memory is fixed: what
 * is older is overwritten. A slot that nobody wrote is a gap.
 */
export class History<Name extends string> {
  readonly #columns: ReadonlyArray<readonly [Name, Fold]>
  readonly #fine: Ring
  readonly #coarse: Ring
  readonly #row: Float64Array
  readonly #pending: Float64Array
  #pendingSlot = -1
  #pendingCount = 0

  constructor(columns: Readonly<Record<Name, Fold>>) {
    this.#columns = Object.entries<Fold>(columns) as [Name, Fold][]
    this.#fine = new Ring(resolutions.fine, this.#columns.length)
    this.#coarse = new Ring(resolutions.coarse, this.#columns.length)
    this.#row = new Float64Array(this.#columns.length)
    this.#pending = new Float64Array(this.#columns.length)
  }

  /** Writes the slot that `atMs` lies in; null is a gap. */
  write(atMs: number, values: Readonly<Record<Name, number | null>>): void {
    const slot = Math.floor(atMs / resolutions.coarse.stepMs)
    if (slot !== this.#pendingSlot) {
      this.#pending.fill(Number.NaN)
      this.#pendingSlot = slot
      this.#pendingCount = 0
    }
    this.#pendingCount += 1
    for (let i = 0; i < this.#columns.length; i += 1) {
      const [name, fold] = this.#columns[i] as readonly [Name, Fold]
      const value = values[name] ?? Number.NaN
      this.#row[i] = value
      this.#pending[i] = folded(fold, this.#pending[i], value, this.#pendingCount)
    }
    this.#fine.write(Math.floor(atMs / resolutions.fine.stepMs), this.#row)
    this.#coarse.write(slot, this.#pending)
  }

  /** The last `spanMs` up to `nowMs`, as fine as there is. */
  read(spanMs: number, nowMs: number): Past<Name> {
    const series = {} as Record<Name, ReadonlyArray<number | null>>
    for (const [name] of this.#columns) series[name] = this.series(name, spanMs, nowMs)
    const { fromMs, stepMs } = stretch(spanMs, nowMs)
    return { fromMs, stepMs, series }
  }

  /** Only one of its series. */
  series(name: Name, spanMs: number, nowMs: number): ReadonlyArray<number | null> {
    const { resolution, fromMs, stepMs, count } = stretch(spanMs, nowMs)
    const ring = resolution === resolutions.fine ? this.#fine : this.#coarse
    const column = this.#columns.findIndex(([known]) => known === name)
    return ring.read(column, fromMs / stepMs, count)
  }
}

/** Where a reading of the past begins, and of how many values it is. */
export function stretch(
  spanMs: number,
  nowMs: number,
): Readonly<Record<'fromMs' | 'stepMs' | 'count', number>> & { readonly resolution: Resolution } {
  const { fine, coarse } = resolutions
  const resolution = spanMs <= fine.stepMs * fine.length ? fine : coarse
  const { stepMs, length } = resolution
  const count = Math.min(Math.round(spanMs / stepMs), length)
  const first = Math.floor(nowMs / stepMs) - count + 1
  return { resolution, fromMs: first * stepMs, stepMs, count }
}

function folded(fold: Fold, before = Number.NaN, value = Number.NaN, count: number): number {
  if (Number.isNaN(value)) return before
  if (Number.isNaN(before)) return value
  if (fold === 'sum') return before + value
  return fold === 'peak' ? Math.max(before, value) : before + (value - before) / count
}

class Ring {
  readonly length: number
  readonly #values: Float32Array
  readonly #slots: Float64Array
  readonly #columns: number

  constructor({ length }: Resolution, columns: number) {
    this.length = length
    this.#columns = columns
    this.#values = new Float32Array(length * columns)
    this.#slots = new Float64Array(length).fill(-1)
  }

  write(slot: number, row: Float64Array): void {
    const place = slot % this.length
    this.#slots[place] = slot
    this.#values.set(row, place * this.#columns)
  }

  read(column: number, first: number, count: number): Array<number | null> {
    return Array.from({ length: count }, (_, i) => {
      const slot = first + i
      const place = ((slot % this.length) + this.length) % this.length
      const value = this.#values[place * this.#columns + column] ?? Number.NaN
      return this.#slots[place] !== slot || Number.isNaN(value) ? null : tidy(value)
    })
  }
}

/** A single-precision number without the noise of its conversion. */
function tidy(value: number): number {
  return Number(value.toPrecision(5))
}
