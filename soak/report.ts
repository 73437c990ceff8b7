import { describe } from './figure.js'
import type { Outcome } from './row.js'

/** The outcomes as a Markdown table. */
export function scorecard(outcomes: readonly Outcome[]): string {
  const lines = outcomes.map(({ row, verdict, figures, reason, tookS, loadAverage }) => [
    row.id,
    row.what,
    row.pass,
    [...figures.map(describe), ...(reason === undefined ? [] : [firstLine(reason)])].join('; '),
    `${tookS} s, load ${loadAverage.toFixed(1)}`,
    verdict,
  ])
  return [
    ['row', 'what', 'pass condition', 'figures', 'run', 'verdict'],
    ['---', '---', '---', '---', '---', '---'],
    ...lines,
  ]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n')
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
