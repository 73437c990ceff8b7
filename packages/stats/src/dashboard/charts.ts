import { arrange, h, setAttributes, setText, svg } from './dom.js'
import { timeOf } from './figures.js'
import { ticksOf } from './time-axis.js'

export type Values = ReadonlyArray<number | null>

export interface Series {
  readonly name: string
  /** A class of the style sheet, which knows the colour. */
  readonly look: string
  readonly values: Values
}

export interface Mark {
  readonly at: number
  readonly look: string
  readonly label: string
}

export interface ChartData {
  /** What the axis spans. */
  readonly fromMs: number
  readonly toMs: number
  /** Where the first value lies, and how far apart they are. */
  readonly startMs: number
  readonly stepMs: number
  readonly series: readonly Series[]
  readonly marks: readonly Mark[]
}

export interface ChartOptions {
  readonly title: string
  /** What the figures are about; said, but not shown. */
  readonly about: string
  /** Stacked bars add up; lines stand beside each other. */
  readonly kind: 'lines' | 'bars'
  readonly format: (value: number | null | undefined) => string
  /** What the figures are of, such as `req/s`. */
  readonly unit: string
}

const WIDTH = 1_000
const HEIGHT = 100
/** Where the reader points, on all charts of a page at once; in wall milliseconds. */
export class Cursor {
  readonly #listeners = new Set<(atMs: number | undefined) => void>()
  #atMs: number | undefined

  get atMs(): number | undefined {
    return this.#atMs
  }

  move(atMs: number | undefined): void {
    this.#atMs = atMs
    for (const listener of this.#listeners) listener(atMs)
  }

  on(listener: (atMs: number | undefined) => void): void {
    this.#listeners.add(listener)
  }
}

/** A chart over time. Without eyes it is a slider through time that says what it was. */
export class Chart {
  readonly element: HTMLElement
  readonly #options: ChartOptions
  readonly #cursor: Cursor
  readonly #readout = h('span', { class: 'readout' })
  readonly #top = h('span', { class: 'top', 'aria-hidden': 'true' })
  readonly #grid = svg('path', { class: 'grid' })
  readonly #shapes = svg('g')
  readonly #marks = svg('g', { class: 'marks' })
  readonly #line = svg('path', { class: 'cursor' })
  readonly #plot: HTMLElement
  #data: ChartData | undefined
  #highest = 1

  constructor(options: ChartOptions, cursor: Cursor) {
    this.#options = options
    this.#cursor = cursor
    const box = svg(
      'svg',
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      this.#grid,
      this.#shapes,
      this.#marks,
      this.#line,
    )
    this.#plot = h(
      'div',
      {
        class: 'plot',
        role: 'slider',
        tabindex: '0',
        'aria-label': `${options.title}, ${options.about}`,
      },
      box,
      this.#top,
    )
    this.element = h(
      'figure',
      { class: 'chart' },
      h('figcaption', {}, h('span', { class: 'title' }, options.title), this.#readout),
      this.#plot,
    )
    this.#listen()
  }

  update(data: ChartData): void {
    this.#data = data
    const { series } = data
    const isBars = this.#options.kind === 'bars'
    this.#highest = niceCeiling((isBars ? tallest(series) : largest(series)) * HEADROOM)
    setText(this.#top, `${this.#options.format(this.#highest)} ${this.#options.unit}`)
    setAttributes(this.#grid, { d: gridPath(data) })
    const draw = isBars ? barPaths : linePaths
    this.#draw(draw(data, this.#highest), series)
    this.#drawMarks(data)
    this.#point(this.#cursor.atMs)
  }

  #draw(paths: readonly string[], series: readonly Series[]): void {
    const wanted = paths.map((d, i) => {
      const path = this.#shapes.children[i] ?? svg('path')
      setAttributes(path, { d, class: `${this.#options.kind} ${series[i]?.look ?? ''}` })
      return path
    })
    arrange(this.#shapes, wanted)
  }

  #drawMarks({ marks, fromMs, toMs }: ChartData): void {
    const spanMs = toMs - fromMs
    const shown = marks.filter(({ at }) => at >= fromMs && at <= toMs)
    const wanted = shown.map(({ at, look, label }, i) => {
      const x = Math.round((WIDTH * (at - fromMs)) / spanMs)
      const mark = this.#marks.children[i] ?? svg('path', {}, svg('title'))
      setAttributes(mark, { d: `M${x} 0V${HEIGHT}`, class: `mark ${look}` })
      if (mark.firstElementChild) setText(mark.firstElementChild, label)
      return mark
    })
    arrange(this.#marks, wanted)
  }

  #listen(): void {
    this.#cursor.on((atMs) => this.#point(atMs))
    this.#plot.addEventListener('pointermove', (event) => {
      const { left, width } = this.#plot.getBoundingClientRect()
      this.#cursor.move(this.#timeAt((event.clientX - left) / width))
    })
    this.#plot.addEventListener('pointerleave', () => this.#cursor.move(undefined))
    this.#plot.addEventListener('blur', () => this.#cursor.move(undefined))
    this.#plot.addEventListener('keydown', (event) => {
      const step = STEPS[event.key]
      if (step === undefined || this.#data === undefined) return
      event.preventDefault()
      const { startMs, stepMs, series } = this.#data
      const last = (series[0]?.values.length ?? 1) - 1
      const now = this.#slotOf(this.#cursor.atMs) ?? last
      const slot = Math.min(last, Math.max(0, now + step))
      this.#cursor.move(startMs + slot * stepMs)
    })
  }

  #timeAt(share: number): number | undefined {
    if (this.#data === undefined) return undefined
    const { fromMs, toMs } = this.#data
    return fromMs + Math.min(1, Math.max(0, share)) * (toMs - fromMs)
  }

  #slotOf(atMs: number | undefined): number | undefined {
    if (atMs === undefined || this.#data === undefined) return undefined
    return Math.floor((atMs - this.#data.startMs) / this.#data.stepMs)
  }

  #point(atMs: number | undefined): void {
    if (this.#data === undefined) return
    const { fromMs, toMs, startMs, stepMs, series } = this.#data
    const slots = series[0]?.values.length ?? 0
    const slot = this.#slotOf(atMs)
    const shown = slot !== undefined && slot >= 0 && slot < slots
    const middleMs = startMs + ((slot ?? 0) + 0.5) * stepMs
    const x = shown ? (WIDTH * (middleMs - fromMs)) / (toMs - fromMs) : -10
    setAttributes(this.#line, { d: `M${x} 0V${HEIGHT}` })
    const at = shown ? slot : lastKnown(series)
    const words = this.#words(at)
    this.#read(shown ? `${timeOf(startMs + at * stepMs)}  ` : '', words)
    setAttributes(this.#plot, {
      'aria-valuemin': 0,
      'aria-valuemax': Math.max(0, slots - 1),
      'aria-valuenow': Math.max(0, at),
      'aria-valuetext': `${timeOf(startMs + at * stepMs)}: ${words.map(({ text }) => text).join('')}`,
    })
  }

  #words(slot: number): readonly Word[] {
    const { format, unit, kind } = this.#options
    const series = this.#data?.series ?? []
    const known = series.filter(({ values }) => kind === 'lines' || (values[slot] ?? 0) > 0)
    if (known.length === 0)
      return [{ text: kind === 'bars' && slot >= 0 ? '0' : '–' }, { text: ` ${unit}` }]
    const words = known.flatMap(({ name, look, values }, i): Word[] => [
      { text: i === 0 ? '' : ' · ' },
      { text: `${name} ${format(values[slot])}`.trim(), look },
    ])
    return [...words, { text: ` ${unit}` }]
  }

  /** Each figure in the colour of its line, or nobody knows which is which. */
  #read(when: string, words: readonly Word[]): void {
    const wanted = [{ text: when }, ...words].map(({ text, look = '' }: Word, i) => {
      const word = this.#readout.children[i] ?? h('span')
      setText(word, text)
      setAttributes(word, { class: look })
      return word
    })
    arrange(this.#readout, wanted)
  }
}

interface Word {
  readonly text: string
  /** That of its series. */
  readonly look?: string
}

const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  PageUp: -12,
  PageDown: 12,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
}

/** A line of a few pixels in a row of a table. */
export function sparkPath(values: Values, width: number, height: number): string {
  const highest = Math.max(1, ...values.map((value) => value ?? 0))
  return linePath(values, highest, { first: 0, step: width / values.length }, height)
}

/** Half and none, and the times that the axis names. */
function gridPath({ fromMs, toMs }: ChartData): string {
  const times = ticksOf(fromMs, toMs).map((at) => (WIDTH * (at - fromMs)) / (toMs - fromMs))
  return [
    ...[HEIGHT / 2, HEIGHT].map((y) => `M0 ${y}H${WIDTH}`),
    ...times.map((x) => `M${x.toFixed(1)} 0V${HEIGHT}`),
  ].join('')
}

/** Where values lie on the axis, in units of the drawing. */
interface Scale {
  readonly first: number
  readonly step: number
}

function scaleOf({ fromMs, toMs, startMs, stepMs }: ChartData): Scale {
  const perMs = WIDTH / (toMs - fromMs)
  return { first: (startMs - fromMs) * perMs, step: stepMs * perMs }
}

function linePaths(data: ChartData, highest: number): readonly string[] {
  const scale = scaleOf(data)
  return data.series.map(({ values }) => linePath(values, highest, scale, HEIGHT))
}

function linePath(values: Values, highest: number, { first, step }: Scale, height: number): string {
  let path = ''
  let isOpen = false
  for (const [i, value] of values.entries()) {
    if (value === null) {
      isOpen = false
      continue
    }
    const x = (first + step * (i + 0.5)).toFixed(1)
    const y = (height - (height * value) / highest).toFixed(1)
    path += `${isOpen ? 'L' : 'M'}${x} ${y}`
    // A lone value between two gaps is a point, which a line of no length draws.
    if (!isOpen && (values[i + 1] ?? null) === null) path += 'h.1'
    isOpen = true
  }
  return path
}

function barPaths(data: ChartData, highest: number): readonly string[] {
  const { first, step } = scaleOf(data)
  const bottoms: number[] = []
  return data.series.map(({ values }) => {
    let path = ''
    for (const [i, value] of values.entries()) {
      if (value === null || value === 0) continue
      const bottom = bottoms[i] ?? 0
      bottoms[i] = bottom + value
      const [y, tall] = [HEIGHT - (HEIGHT * bottom) / highest, (HEIGHT * value) / highest]
      const x = first + step * (i + 0.1)
      path += `M${x.toFixed(1)} ${y.toFixed(1)}v${(-tall).toFixed(1)}h${(step * 0.8).toFixed(1)}v${tall.toFixed(1)}z`
    }
    return path
  })
}

function largest(series: readonly Series[]): number {
  return Math.max(0, ...series.flatMap(({ values }) => values.map((value) => value ?? 0)))
}

function tallest(series: readonly Series[]): number {
  const sums = (series[0]?.values ?? []).map((_, i) =>
    series.reduce((sum, { values }) => sum + (values[i] ?? 0), 0),
  )
  return Math.max(0, ...sums)
}

function lastKnown(series: readonly Series[]): number {
  const [first] = series
  return first === undefined ? -1 : first.values.findLastIndex((value) => value !== null)
}

/** The name of the scale stands above what is drawn. */
const HEADROOM = 1.2

/** The next number that reads well, so that the scale does not jump with every value. */
function niceCeiling(value: number): number {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  const step = [1, 2, 3, 4, 5, 6, 8, 10].find((each) => each * power >= value) ?? 10
  return step * power
}
