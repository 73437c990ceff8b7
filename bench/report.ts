import type { Rounds } from './e2e/cost.js'
import { gateways } from './e2e/gateways.js'
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

/** The gateways of a run as a table: medians over their rounds. */
export function gatewayTable(rounds: Rounds): string {
  const rows = gateways.map(({ name, settings }) => {
    const own = rounds[name]
    if (own === undefined) return [name, 'absent', '', '', settings]
    const cost = spreadOf(own.map(({ costUs }) => costUs))
    const rate = spreadOf(own.map((round) => round.rate))
    const p99 = spreadOf(own.map(({ p99Ms }) => p99Ms))
    return [name, text(cost.median), rate.median.toFixed(0), text(p99.median), settings]
  })
  return table([['gateway', 'µs/request', 'requests/s', 'p99 ms', 'settings'], ...rows])
}

/** `short` of what it must reach, `ok`, or as good as it is to be. */
export function standing(result: Measured): 'absent' | 'SHORT' | 'ok' | 'aim' {
  if ('absent' in result) return 'absent'
  const { must, aim } = result.figure
  const { median } = result.spread
  if (!(median <= must)) return 'SHORT'
  return median <= aim ? 'aim' : 'ok'
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

export function table(rows: ReadonlyArray<readonly string[]>): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
