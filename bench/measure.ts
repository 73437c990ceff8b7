import { EndToEnd, type EndToEndData } from './e2e/end-to-end.js'
import { type GatewayName, gatewayNames } from './e2e/gateways.js'
import type { Figure } from './figures.js'
import { measured } from './lib/node-child.js'
import { type Spread, spreadOf } from './lib/statistics.js'
import type { Tell } from './surveys.js'

/** A figure as it was measured, or why it was not. */
export type Measured = { readonly figure: Figure } & (
  | { readonly spread: Spread }
  | { readonly absent: string }
)

/**
 * Measures the figures one after the other; what several need is measured once.
 * @param peers whether gateways that no figure needs are to run beside those that are compared
 */
export async function measureFigures(
  figures: readonly Figure[],
  peers: boolean,
  tell: Tell,
): Promise<{ readonly results: readonly Measured[]; readonly rounds: EndToEndData }> {
  const paced = figures.some(({ source }) => source.kind === 'latency')
  const endToEnd = new EndToEnd(peers ? gatewayNames : gatewaysFor(figures), paced, tell)
  const programs = new Map<string, Record<string, Spread>>()
  const results: Measured[] = []
  for (const figure of figures) {
    const { source } = figure
    if (source.kind !== 'micro') {
      const values = await endToEnd.values(source)
      results.push(
        typeof values === 'string'
          ? { figure, absent: values }
          : { figure, spread: spreadOf(values) },
      )
      continue
    }
    tell(`${figure.id}: ${figure.title}`)
    const key = [source.file, ...source.args].join(' ')
    const values =
      programs.get(key) ?? (await measured<Record<string, Spread>>(source.file, ...source.args))
    programs.set(key, values)
    results.push({ figure, spread: scaled(values[source.field], source.scale) })
  }
  return { results, rounds: endToEnd.data }
}

function scaled({ median, low, high }: Spread = spreadOf([]), factor: number): Spread {
  return { median: median * factor, low: low * factor, high: high * factor }
}

function gatewaysFor(figures: readonly Figure[]): readonly GatewayName[] {
  const wanted = figures.flatMap(({ source }) =>
    source.kind === 'cost' || source.kind === 'latency' ? [source.of, source.against] : [],
  )
  // In the order of the table, so that every run takes the same turns.
  return gatewayNames.filter((name) => wanted.includes(name))
}
