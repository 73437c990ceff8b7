import type { GatewayName } from '../e2e/gateways.js'
import type { CostRound, PacedRound } from '../e2e/side-by-side.js'
import { Rounds } from '../e2e/turns.js'
import { type Figure, figures } from '../figures.js'
import { growthSections } from '../growth/survey.js'
import type { Measured } from '../measure.js'
import { type PartCost, partsTable } from '../micro/survey.js'
import { type Quality, qualityTables } from '../quality/survey.js'
import { gatewayTable, ratioText, standing, table } from '../report.js'
import { type Scale, scaleTables } from '../scale/survey.js'

/** What a run wrote down, as far as the page is about it. */
export interface Run {
  readonly at: string
  readonly node: string
  readonly commit: string
  readonly results?: readonly Measured[]
  readonly rounds?: { readonly sideBySide?: WrittenSideBySide }
  readonly peers?: WrittenSideBySide
  readonly quality?: Quality
  readonly micro?: readonly PartCost[]
  readonly scale?: Scale
}

interface WrittenSideBySide {
  readonly cost: Readonly<Record<string, readonly CostRound[]>>
  readonly paced: Readonly<Record<string, readonly PacedRound[]>>
}

/** The page's tables by name: those that at least one of the runs is about. */
export function tablesOf(runs: readonly Run[]): ReadonlyMap<string, string> {
  const tables = new Map<string, string>()
  const measured = runs.filter(({ results = [] }) => results.length > 0)
  if (measured.length > 0) tables.set('figures', figuresTable(measured))
  for (const run of runs) {
    const sideBySide = run.peers ?? run.rounds?.sideBySide
    // Without the others there is nothing to stand beside.
    if (Object.keys(sideBySide?.cost ?? {}).length > 3 && sideBySide !== undefined) {
      tables.set('gateways', told([run], gatewayTable(revived(sideBySide), false)))
    }
    if (run.quality !== undefined) {
      tables.set('quality', told([run], ...qualityTables(run.quality)))
    }
    if (run.micro !== undefined) tables.set('micro', told([run], partsTable(run.micro)))
  }
  const scaled = runs.flatMap((run) => (run.scale === undefined ? [] : [{ run, ...run.scale }]))
  const [last] = scaled.slice(-1)
  if (last !== undefined) {
    const parts = {
      most: last.most,
      sized: scaled.flatMap(({ sized }) => sized),
      held: scaled.flatMap(({ held }) => held),
    }
    tables.set(
      'scale',
      told(
        scaled.map(({ run }) => run),
        ...scaleTables(parts),
      ),
    )
  }
  const growth = growthSections()
  if (growth.length > 0) tables.set('growth', growth.join('\n\n'))
  return tables
}

/** All figures, and one column a Node; what was not measured on it is not made up. */
function figuresTable(runs: readonly Run[]): string {
  const nodes = [...new Set(runs.map(({ node }) => node))].toSorted((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  )
  const latest = new Map<string, Measured>()
  for (const { node, results = [] } of runs) {
    for (const result of results) latest.set(keyOf(node, result.figure), result)
  }
  return told(
    runs,
    table([
      ['', 'figure', 'must', 'aim', ...nodes.map((node) => `Node ${node.slice(1)}`)],
      ...figures.map((figure) => {
        const { id, title, unit, must, aim, better } = figure
        const least = better === 'more' ? 'at least ' : ''
        const name =
          unit === 'ratio' || title.toLowerCase().includes(unit) ? title : `${title}, ${unit}`
        const cells = nodes.map((node) => cell(latest.get(keyOf(node, figure))))
        return [id, name, least + must, least + aim, ...cells]
      }),
    ]),
  )
}

function keyOf(node: string, { id, title }: Figure): string {
  return `${node} ${id} ${title}`
}

function cell(result: Measured | undefined): string {
  if (result === undefined) return 'not measured'
  if ('absent' in result) return 'absent'
  const { low, high } = result.spread
  const both = ratioText(result.spread)
  const text = low === high ? both.slice(0, both.indexOf(' ')) : both
  return standing(result) === 'SHORT' ? `**${text}, short**` : text
}

function revived({ cost, paced }: WrittenSideBySide): {
  cost: Rounds<CostRound>
  paced: Rounds<PacedRound>
} {
  return { cost: rounds(cost), paced: rounds(paced) }
}

function rounds<Round>(written: Readonly<Record<string, readonly Round[]>>): Rounds<Round> {
  const revived = new Rounds<Round>()
  for (const [name, all] of Object.entries(written)) {
    for (const round of all) revived.add(name as GatewayName, round)
  }
  return revived
}

function told(runs: readonly Run[], ...tables: readonly string[]): string {
  const taken = runs.map(({ node, commit, at }) => `Node ${node.slice(1)} at ${commit}, ${day(at)}`)
  return [...tables, `Taken: ${[...new Set(taken)].join('; ')}.`].join('\n\n')
}

function day(at: string): string {
  return at.slice(0, 10)
}
