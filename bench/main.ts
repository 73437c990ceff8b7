import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { costSettings } from './e2e/cost.js'
import { gateways } from './e2e/gateways.js'
import { figures } from './figures.js'
import { describeMachine } from './lib/machine.js'
import { measureFigures } from './measure.js'
import { figureTable, gatewayTable, standing } from './report.js'
import { surveys } from './surveys.js'

/** Measures the figures with these ids, or all, or one survey; prints and writes down what it finds. */
export async function run(ids: readonly string[]): Promise<void> {
  const [first = ''] = ids
  if (Object.hasOwn(surveys, first)) return runSurvey(first)
  const wanted = figures.filter(({ id }) => ids.length === 0 || ids.includes(id))
  if (wanted.length === 0) {
    const known = [...new Set(figures.map(({ id }) => id)), ...Object.keys(surveys)].join(', ')
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

async function runSurvey(name: string): Promise<void> {
  const machine = describeMachine()
  const survey = await surveys[name]?.((text) => console.error(`  ${text}`))
  for (const text of survey?.tables ?? []) console.log(`\n${text}`)
  const at = new Date().toISOString()
  console.log(`\nWritten to ${write(at, { at, ...machine, [name]: survey?.data })}`)
}

function write(at: string, results: unknown): string {
  const folder = new URL('../results/local/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  const file = fileURLToPath(new URL(`${at.replace(/[:.]/g, '-')}.json`, folder))
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`)
  return file
}
