import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { endToEndSettings } from './e2e/end-to-end.js'
import { gateways } from './e2e/gateways.js'
import { figures } from './figures.js'
import { describeMachine } from './lib/machine.js'
import { measureFigures } from './measure.js'
import { fillPage } from './page/fill.js'
import { figureTable, gatewayTable, standing } from './report.js'
import { surveys } from './surveys.js'

/** The packages and programs that take part, so that their versions are written down. */
const everythingUsed = [
  [
    ...['fastify', 'undici', 'ws', 'ioredis'],
    ...gateways.flatMap((gateway) => (gateway.kind === 'node' ? [gateway.package] : [])),
  ],
  {
    wrk: '-v',
    'redis-server': '--version',
    ...Object.fromEntries(
      gateways.flatMap((gateway) =>
        gateway.kind === 'program' ? [[gateway.program, gateway.version]] : [],
      ),
    ),
  },
] as const

/** Measures the figures with these ids, or all, or one survey; prints and writes down what it finds. */
export async function run(ids: readonly string[]): Promise<void> {
  const [first = '', ...parts] = ids
  if (Object.hasOwn(surveys, first)) return runSurvey(first, parts)
  if (first === 'page') {
    console.log(`docs/performance.md: ${fillPage(parts).join(', ')}`)
    return
  }
  const wanted = figures.filter(({ id }) => ids.length === 0 || ids.includes(id))
  if (wanted.length === 0) {
    const known = [...new Set(figures.map(({ id }) => id)), ...Object.keys(surveys)].join(', ')
    throw new RangeError(`There is no figure ${ids.join(', ')}: there are ${known}`)
  }
  const machine = describeMachine(...everythingUsed)
  const all = ids.length === 0
  const { results, rounds } = await measureFigures(wanted, all, (text) =>
    console.error(`  ${text}`),
  )

  console.log(`\n${figureTable(results)}`)
  if (rounds.sideBySide !== undefined) console.log(`\n${gatewayTable(rounds.sideBySide, all)}`)
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
    settings: {
      ...endToEndSettings,
      gateways: gateways.map(({ name, settings }) => [name, settings]),
    },
    results: results.map((result) => ({ ...result, standing: standing(result) })),
    rounds,
  })
  console.log(`Written to ${file}`)
}

async function runSurvey(name: string, parts: readonly string[]): Promise<void> {
  const machine = describeMachine(...everythingUsed)
  const survey = await surveys[name]?.((text) => console.error(`  ${text}`), parts)
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
