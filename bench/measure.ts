import { measureCosts, type Rounds } from './e2e/cost.js'
import { type GatewayName, gateways } from './e2e/gateways.js'
import { measureStarts } from './e2e/startup.js'
import { bystanders, type Figure } from './figures.js'
import { findProgram } from './lib/machine.js'
import { measured } from './lib/node-child.js'
import { type Spread, spreadOf } from './lib/statistics.js'

/** A figure as it was measured, or why it was not. */
export type Measured = { readonly figure: Figure } & (
  | { readonly spread: Spread }
  | { readonly absent: string }
)

/** Measures the figures one after the other; what several need is measured once. */
export async function measureFigures(
  figures: readonly Figure[],
  tell: (text: string) => void,
): Promise<{ readonly results: readonly Measured[]; readonly rounds: Rounds }> {
  const missing = ['wrk', 'nginx', 'taskset'].filter(
    (program) => findProgram(program) === undefined,
  )
  const absent = `needs Linux, and ${missing.join(', ')}: apt-get install wrk nginx-light util-linux`
  const names = gatewaysFor(figures)
  const rounds = names.length > 0 && missing.length === 0 ? await measureCosts(names, tell) : {}
  const programs = new Map<string, Record<string, Spread>>()
  const results: Measured[] = []
  for (const figure of figures) {
    const { source } = figure
    if (source.kind !== 'micro' && missing.length > 0) {
      results.push({ figure, absent })
      continue
    }
    if (source.kind === 'cost') {
      const ratios = ratiosOf(rounds[source.of], rounds[source.against])
      results.push(
        ratios.length > 0
          ? { figure, spread: spreadOf(ratios) }
          : { figure, absent: `${source.against} is not installed` },
      )
      continue
    }
    tell(`${figure.id}: ${figure.title}`)
    if (source.kind === 'start') {
      results.push({ figure, spread: spreadOf(await measureStarts(source.of)) })
      continue
    }
    const key = [source.file, ...source.args].join(' ')
    const values =
      programs.get(key) ?? (await measured<Record<string, Spread>>(source.file, ...source.args))
    programs.set(key, values)
    results.push({ figure, spread: scaled(values[source.field], source.scale) })
  }
  return { results, rounds }
}

function scaled({ median, low, high }: Spread = spreadOf([]), factor: number): Spread {
  return { median: median * factor, low: low * factor, high: high * factor }
}

function gatewaysFor(figures: readonly Figure[]): readonly GatewayName[] {
  const wanted = figures.flatMap(({ source }) =>
    source.kind === 'cost' ? [source.of, source.against] : [],
  )
  if (wanted.length === 0) return []
  // In the order of the table, so that every run takes the same turns.
  return gateways
    .map(({ name }) => name)
    .filter((name) => wanted.includes(name) || bystanders.includes(name))
}

function ratiosOf(rounds: Rounds[GatewayName] = [], others: Rounds[GatewayName] = []): number[] {
  return others.flatMap((other, turn) => {
    const round = rounds[turn]
    return round === undefined ? [] : [round.costUs / other.costUs]
  })
}
