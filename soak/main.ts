import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { judge } from './judge.js'
import { scorecard } from './report.js'
import type { Outcome } from './row.js'
import { rows } from './rows/index.js'

export interface SoakOptions {
  /** Rows to run; empty for all. */
  readonly ids: readonly string[]
  /** How long each run is to be; undefined for as long as the scorecards say. */
  readonly seconds: number | undefined
  readonly seed: number
}

/**
 * Runs the rows one after the other, prints their table and writes it down.
 * @throws RangeError for a row that there is not.
 */
export async function run({ ids, seconds, seed }: SoakOptions): Promise<void> {
  const known = rows.map(({ id }) => id)
  const unknown = ids.filter((id) => !known.includes(id))
  if (unknown.length > 0) {
    throw new RangeError(`There is no row ${unknown.join(', ')}: there are ${known.join(', ')}`)
  }
  const wanted = rows.filter(({ id }) => ids.length === 0 || ids.includes(id))
  const outcomes: Outcome[] = []
  for (const row of wanted) {
    console.error(`${row.id}: ${row.what}`)
    const outcome = await judge(row, {
      seconds,
      seed,
      tell: (text) => console.error(`    ${text}`),
    })
    outcomes.push(outcome)
    console.error(`  ${outcome.verdict} after ${outcome.tookS} s`)
  }
  console.log(`\n${scorecard(outcomes)}\n`)
  const count = (verdict: Outcome['verdict']): number =>
    outcomes.filter((outcome) => outcome.verdict === verdict).length
  console.log(`${count('pass')} pass, ${count('FAIL')} FAIL, ${count('skipped')} skipped`)
  console.log(`Written to ${write({ seconds: seconds ?? 'full', seed, outcomes })}`)
}

function write(results: object): string {
  const at = new Date().toISOString()
  const machine = {
    node: process.version,
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 1e9),
  }
  // Compiled to soak/dist.
  const folder = new URL('../results/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  const file = fileURLToPath(new URL(`${at.replace(/[:.]/g, '-')}.json`, folder))
  writeFileSync(file, `${JSON.stringify({ at, machine, ...results }, null, 2)}\n`)
  return file
}
