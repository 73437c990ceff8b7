import type { Spread } from '../lib/statistics.js'

/** Some measured lines over one axis. */
export interface Plot {
  readonly title: string
  /** What the steps are, as their labels. */
  readonly steps: readonly string[]
  readonly stepsTitle: string
  readonly valuesTitle: string
  /** Whether each gridline is ten times the one below. */
  readonly logarithmic: boolean
  readonly lines: ReadonlyArray<{ readonly name: string; readonly values: readonly Spread[] }>
}

const WIDTH = 640
const HEIGHT = 320
const LEFT = 52
const RIGHT = 528
const TOP = 58
const BOTTOM = 268
const LABEL_GAP = 15

/** In light and in dark, one class a line. */
const COLOURS: ReadonlyArray<readonly [string, string]> = [
  ['#1d4ed8', '#7aa2ff'],
  ['#b45309', '#f0a04b'],
  ['#57606a', '#9aa4b2'],
]

/** The plot as an SVG that follows the reader's choice of light or dark. */
export function drawPlot(plot: Plot): string {
  const ticks = plot.logarithmic ? decades(plot) : roundSteps(plot)
  const [lowest = 0, highest = 1] = [ticks[0], ticks.at(-1)]
  const scaled = plot.logarithmic ? Math.log10 : (value: number): number => value
  const y = (value: number): number =>
    BOTTOM -
    ((scaled(value) - scaled(lowest)) / (scaled(highest) - scaled(lowest))) * (BOTTOM - TOP)
  const x = (step: number): number =>
    LEFT + 20 + (step * (RIGHT - LEFT - 40)) / (plot.steps.length - 1)

  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">`,
    `<title>${escaped(plot.title)}</title>`,
    `<desc>${escaped(description(plot))}</desc>`,
    `<style>${style()}</style>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" rx="6"/>`,
    text('title', 16, 26, plot.title),
    text('', 16, 44, plot.valuesTitle),
    ...ticks.flatMap((tick) => [
      `<path class="grid" d="M${LEFT} ${at(y(tick))}H${RIGHT}"/>`,
      text('end', LEFT - 8, y(tick) + 4, shortNumber(tick)),
    ]),
    ...plot.steps.map((label, step) => text('middle', x(step), BOTTOM + 18, label)),
    text('middle', (LEFT + RIGHT) / 2, BOTTOM + 40, plot.stepsTitle),
    ...plot.lines.flatMap(({ values }, line) => drawLine(line, values, x, y)),
    ...drawNames(plot, y),
    '</svg>',
  ].join('\n')}\n`
}

function drawLine(
  line: number,
  values: readonly Spread[],
  x: (step: number) => number,
  y: (value: number) => number,
): string[] {
  const points = values.map(({ median }, step) => `${at(x(step))} ${at(y(median))}`)
  return [
    `<path class="line c${line}" d="M${points.join('L')}"/>`,
    ...values.flatMap(({ median, low, high }, step) => [
      `<path class="spread c${line}" d="M${at(x(step))} ${at(y(low))}V${at(y(high))}"/>`,
      `<circle class="f${line}" cx="${at(x(step))}" cy="${at(y(median))}" r="3"/>`,
    ]),
  ]
}

/** Names stand where their lines end, pushed apart where the lines do not. */
function drawNames({ lines }: Plot, y: (value: number) => number): string[] {
  const ends = lines
    .map(({ name, values }, line) => ({ name, line, end: y(values.at(-1)?.median ?? 0) }))
    .toSorted((a, b) => a.end - b.end)
  let next = 0
  return ends.map(({ name, line, end }) => {
    const place = Math.max(end + 4, next)
    next = place + LABEL_GAP
    return text(`name f${line}`, RIGHT - 6, place, name)
  })
}

function decades({ lines }: Plot): number[] {
  const values = lines.flatMap((line) => line.values.flatMap(({ low, high }) => [low, high]))
  const from = Math.floor(Math.log10(Math.min(...values)))
  const to = Math.ceil(Math.log10(Math.max(...values)))
  return Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i))
}

/** From 0 to above all values in steps of 1, 2 or 5 times a power of ten. */
function roundSteps({ lines }: Plot): number[] {
  const most = Math.max(...lines.flatMap((line) => line.values.map(({ high }) => high)))
  const power = 10 ** Math.floor(Math.log10(most / 4))
  const step = power * ([1, 2, 5, 10].find((factor) => most / (factor * power) <= 5) ?? 10)
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, i) => i * step)
}

function style(): string {
  const classes = (shade: 0 | 1): string =>
    COLOURS.map((colour, i) => `.c${i}{stroke:${colour[shade]}}.f${i}{fill:${colour[shade]}}`).join(
      '',
    )
  return [
    'text{font:12px system-ui,sans-serif;fill:#57606a}',
    '.title{font-size:15px;font-weight:600;fill:#1f2328}.name{font-weight:600}',
    '.middle{text-anchor:middle}.end{text-anchor:end}',
    'rect{fill:#fff}path{fill:none}.grid{stroke:#d8dee4}',
    '.line{stroke-width:2;stroke-linejoin:round}.spread{stroke-width:1.5;opacity:.55}',
    classes(0),
    '@media(prefers-color-scheme:dark){',
    'rect{fill:#0d1117}text{fill:#9aa4b2}.title{fill:#e6edf3}.grid{stroke:#2b323b}',
    classes(1),
    '}',
  ].join('')
}

/** The lines in words, for those who cannot see them. */
function description({ steps, lines }: Plot): string {
  return lines
    .map(({ name, values }) => {
      const pairs = values.map(({ median }, step) => `${steps[step]}: ${shortNumber(median)}`)
      return `${name}, ${pairs.join(', ')}`
    })
    .join('. ')
}

function text(classes: string, x: number, y: number, content: string): string {
  const attribute = classes === '' ? '' : ` class="${classes}"`
  return `<text${attribute} x="${at(x)}" y="${at(y)}">${escaped(content)}</text>`
}

function at(coordinate: number): string {
  return String(Math.round(coordinate * 10) / 10)
}

function shortNumber(value: number): string {
  return value >= 100
    ? Math.round(value).toLocaleString('en')
    : String(Number(value.toPrecision(2)))
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
