import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeMachine } from '../lib/machine.js'
import { spreadOf } from '../lib/statistics.js'
import { table } from '../report.js'
import type { Survey, Tell } from '../surveys.js'
import { type Lines, measureSeries } from './measure.js'
import { drawPlot } from './plot.js'
import { names, type Series, series } from './series.js'

/** A series as it was measured, and when and with what. */
interface Grown {
  readonly at: string
  readonly node: string
  readonly commit: string
  readonly steps: readonly string[]
  readonly lines: Lines
}

const FILE = fromRoot('bench/results/growth.json')

const titles: Readonly<Record<(typeof names)[number], string>> = {
  holdfast: 'Holdfast',
  'reply-from': 'reply-from',
  nginx: 'nginx',
}

/**
 * How the cost of a request grows with servers, cookies, bodies and connections; kept in
 * `results/growth.json` and drawn to `docs/images`.
 * @param parts ids of series; none means all of them, `draw` only draws what is kept.
 */
export async function surveyGrowth(tell: Tell, parts: readonly string[]): Promise<Survey> {
  const kept: Record<string, Grown> = existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : {}
  for (const one of series) {
    if (parts.length > 0 && !parts.includes(one.id)) continue
    tell(one.title)
    const { node, commit } = describeMachine([], {})
    const lines = await measureSeries(one, tell)
    const steps = one.steps.map(({ label }) => label)
    mkdirSync(dirname(FILE), { recursive: true })
    const at = new Date().toISOString()
    kept[one.id] = { at, node: String(node), commit: String(commit), steps, lines }
    writeFileSync(FILE, `${JSON.stringify(kept, rounded, 2)}\n`)
  }
  const drawn = series.filter(({ id }) => kept[id] !== undefined)
  for (const one of drawn) draw(one, kept[one.id])
  return {
    tables: drawn.map((one) => `${one.title}\n\n${table(rowsOf(one, kept[one.id]))}`),
    data: kept,
  }
}

/** The plots that there are, with their values, as Markdown for a page of docs/. */
export function growthSections(): readonly string[] {
  const kept = readKept()
  return series.flatMap((one) => {
    const grown = kept[one.id]
    if (grown === undefined) return []
    const { title, id } = one
    const taken = `Node ${grown.node.slice(1)} at ${grown.commit}, ${grown.at.slice(0, 10)}.`
    return [`![${title}](images/cost-by-${id}.svg)`, table(rowsOf(one, grown)), taken]
  })
}

function readKept(): Record<string, Grown> {
  return existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : {}
}

function draw({ id, title, stepsTitle, logarithmic }: Series, grown: Grown | undefined): void {
  const plot = drawPlot({
    title,
    steps: grown?.steps ?? [],
    stepsTitle,
    valuesTitle: 'µs of processor time, median and spread',
    logarithmic,
    lines: names.flatMap((name) => {
      const values = grown?.lines[name]
      return values === undefined ? [] : [{ name: titles[name], values }]
    }),
  })
  mkdirSync(fromRoot('docs/images'), { recursive: true })
  writeFileSync(fromRoot(`docs/images/cost-by-${id}.svg`), plot)
}

function rowsOf({ stepsTitle }: Series, grown: Grown | undefined): string[][] {
  return [
    [stepsTitle, ...names.map((name) => `${titles[name]}, µs`)],
    ...(grown?.steps ?? []).map((label, step) => [
      label,
      ...names.map((name) => {
        const { median, low, high } = grown?.lines[name]?.[step] ?? spreadOf([])
        return `${median.toFixed(1)} (${low.toFixed(1)} to ${high.toFixed(1)})`
      }),
    ]),
  ]
}

function fromRoot(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url))
}

function rounded(_: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 10) / 10 : value
}
