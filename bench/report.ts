import { gateways } from './e2e/gateways.js'
import type { SideBySide } from './e2e/side-by-side.js'
import type { Figure } from './figures.js'
import { type Spread, spreadOf } from './lib/statistics.js'
import type { Measured } from './measure.js'

/** The figures as a table, each with how it stands. */
export function figureTable(results: readonly Measured[]): string {
  return table([
    ['', 'figure', 'median', 'low', 'high', 'must', 'aim', ''],
    ...results.map((result) => {
      const { figure } = result
      const { id, title, must, aim } = figure
      if ('absent' in result) return [id, title, '-', '', '', text(must), text(aim), result.absent]
      return [
        id,
        title,
        ...spreadCells(result.spread),
        text(must),
        `${text(aim)} ${unit(figure)}`,
        standing(result),
      ]
    }),
  ])
}

/**
 * The gateways of a run side by side: medians over their rounds.
 * @param all whether those that were not there are to be named too
 */
export function gatewayTable({ cost, paced }: SideBySide, all: boolean): string {
  const rate = spreadOf(paced.of('holdfast').map((round) => round.rate)).median
  const rows = gateways.flatMap(({ name, settings }) => {
    const own = cost.of(name)
    if (own.length === 0) return all ? [[name, 'absent', '', '', '', '', settings]] : []
    const ratio = spreadOf(cost.ratios(name, 'holdfast', ({ costUs }) => costUs))
    const slow = paced.of(name)
    return [
      [
        name,
        text(spreadOf(own.map(({ costUs }) => costUs)).median),
        Number.isNaN(ratio.median) ? '' : ratioText(ratio),
        spreadOf(own.map((round) => round.rate)).median.toFixed(0),
        ...(slow.length === 0
          ? ['-', '-']
          : [slow.map(({ p50Ms }) => p50Ms), slow.map(({ p99Ms }) => p99Ms)].map((values) =>
              text(spreadOf(values).median),
            )),
        settings,
      ],
    ]
  })
  const at = Number.isNaN(rate) ? '' : ` at ${rate.toFixed(0)}/s`
  return table([
    ['gateway', 'µs/request', 'of holdfast', 'requests/s', `p50 ms${at}`, 'p99 ms', 'settings'],
    ...rows,
  ])
}

export function ratioText({ median, low, high }: Spread): string {
  return `${text(median)} (${text(low)} to ${text(high)})`
}

/** `short` of what it must reach, `ok`, or as good as it is to be. */
export function standing(result: Measured): 'absent' | 'SHORT' | 'ok' | 'aim' {
  if ('absent' in result) return 'absent'
  const { better, must, aim } = result.figure
  const { median } = result.spread
  const reaches = (bound: number): boolean =>
    better === 'more' ? median >= bound : median <= bound
  if (!reaches(must)) return 'SHORT'
  return reaches(aim) ? 'aim' : 'ok'
}

/** A spread as three cells; a program that left it out shows as such. */
export function spreadCells(spread: Spread = spreadOf([])): string[] {
  return [spread.median, spread.low, spread.high].map(text)
}

function unit(figure: Figure): string {
  return figure.unit === 'ratio' ? '' : figure.unit
}

function text(value: number): string {
  return Math.abs(value) < 10 ? value.toFixed(2) : value.toFixed(Math.abs(value) < 100 ? 1 : 0)
}

/** Rows, the first of them the heads, as a table of Markdown that is read in a terminal as well. */
export function table(rows: ReadonlyArray<readonly string[]>): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const [head = '', ...body] = rows.map(
    (row) => `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |`,
  )
  return [head, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body].join('\n')
}
