import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { contrastRows, measureContrast } from './contrast/contrast.js'
import { costSettings } from './e2e/cost.js'
import { gateways } from './e2e/gateways.js'
import { figures } from './figures.js'
import { describeMachine } from './lib/machine.js'
import { measureFigures } from './measure.js'
import { figureTable, gatewayTable, standing, table } from './report.js'

/** Not a figure with a bound: two ways of keeping sessions, side by side. */
const CONTRAST = 'contrast'

/** Measures the figures with these ids, or all; prints them and writes them down. */
export async function run(ids: readonly string[]): Promise<void> {
  if (ids.includes(CONTRAST)) return runContrast()
  const wanted = figures.filter(({ id }) => ids.length === 0 || ids.includes(id))
  if (wanted.length === 0) {
    const known = [...new Set(figures.map(({ id }) => id)), CONTRAST].join(', ')
    throw new RangeError(`There is no figure ${ids.join(', ')}: there are ${known}`)
  }
  const machine = describeMachine()
  const { results, rounds } = await measureFigures(wanted, (text) => console.error(`  ${text}`))

  console.log(`\n${figureTable(results)}`)
  if (Object.keys(rounds).length > 0) console.log(`\n${gatewayTable(rounds)}`)
  const short = results.filter((result) => standing(result) === 'SHORT')
  console.log(
    short.length === 0
      ? '\nNothing falls short of what it must reach.'
      : `\nShort: ${short.map(({ figure: { id, title } }) => `${id} ${title}`).join('; ')}.`,
  )
  const at = new Date().toISOString()
  const file = write(at, {
    at,
    ...machine,
    settings: { ...costSettings, gateways: gateways.map(({ name, settings }) => [name, settings]) },
    results: results.map((result) => ({ ...result, standing: standing(result) })),
    rounds,
  })
  console.log(`Written to ${file}`)
}

async function runContrast(): Promise<void> {
  const machine = describeMachine()
  const contrast = await measureContrast((text) => console.error(`  ${text}`))
  console.log(`\n${table(contrastRows(contrast))}`)
  const at = new Date().toISOString()
  console.log(`\nWritten to ${write(at, { at, ...machine, contrast })}`)
}

function write(at: string, results: unknown): string {
  const folder = new URL('../results/local/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  const file = fileURLToPath(new URL(`${at.replace(/[:.]/g, '-')}.json`, folder))
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`)
  return file
}
