import type { Values } from './charts.js'
import type { Slot } from './model.js'
import { ask } from './session.js'

export type Span = '15m' | '1h' | '24h'

export const SPANS: readonly Span[] = ['15m', '1h', '24h']

export const SPAN_NAMES: Readonly<Record<Span, string>> = {
  '15m': '15 minutes',
  '1h': 'hour',
  '24h': 'day',
}

interface History {
  readonly fromMs: number
  readonly stepMs: number
  readonly series: Readonly<Record<string, Values>>
}

/** What was, as far as the reader looks back; it grows with what comes. */
export class Past {
  #fromMs: number
  readonly stepMs: number
  readonly #length: number
  readonly #series: Map<string, Array<number | null>>

  private constructor({ fromMs, stepMs, series }: History) {
    this.#fromMs = fromMs
    this.stepMs = stepMs
    this.#series = new Map(Object.entries(series).map(([name, values]) => [name, [...values]]))
    this.#length = this.#series.values().next().value?.length ?? 0
  }

  /** @param path of the API, up to `/history`. */
  static async load(path: string, span: Span): Promise<Past | undefined> {
    const response = await ask(`${path}/history?span=${span}`).catch(() => undefined)
    if (response?.ok !== true) return undefined
    return new Past((await response.json()) as History)
  }

  get fromMs(): number {
    return this.#fromMs
  }

  values(name: string): Values {
    return this.#series.get(name) ?? new Array<null>(this.#length).fill(null)
  }

  get toMs(): number {
    return this.#fromMs + this.#length * this.stepMs
  }

  /** Where the first of `sums` begins: on a whole multiple of `widthMs`, or bars would wander. */
  sumsFromMs(widthMs: number): number {
    return this.#fromMs - (this.#fromMs % widthMs)
  }

  /** The values added up over `widthMs` each; a sum of gaps is a gap. */
  sums(name: string, widthMs: number): Values {
    const startMs = this.sumsFromMs(widthMs)
    const sums: Array<number | null> = new Array<null>(
      Math.ceil((this.toMs - startMs) / widthMs),
    ).fill(null)
    for (const [i, value] of this.values(name).entries()) {
      if (value === null) continue
      const place = Math.floor((this.#fromMs + i * this.stepMs - startMs) / widthMs)
      sums[place] = (sums[place] ?? 0) + value
    }
    return sums
  }

  /** The names of the series that begin so. */
  names(prefix: string): readonly string[] {
    return [...this.#series.keys()].filter((name) => name.startsWith(prefix))
  }

  /** Takes in a slot that has ended since; what is too old leaves. */
  append({ at, rate, errors, p50, p99, moved }: Slot): void {
    const place = Math.round((at - this.#fromMs) / this.stepMs)
    if (place < 0) return
    const missing = place - (this.#length - 1)
    for (const values of this.#series.values()) {
      for (let i = 0; i < Math.min(missing, this.#length); i += 1) {
        values.push(null)
        values.shift()
      }
    }
    if (missing > 0) this.#fromMs += missing * this.stepMs
    const index = missing > 0 ? this.#length - 1 : place
    const put = (name: string, value: number | null): void => {
      const values = this.#series.get(name)
      if (values !== undefined) values[index] = value
    }
    put('requestsPerSecond', rate ?? null)
    put('errorsPerSecond', errors ?? null)
    put('p50', p50 ?? null)
    put('p99', p99 ?? null)
    for (const name of this.names('moved:')) put(name, moved[name.slice('moved:'.length)] ?? 0)
  }
}
