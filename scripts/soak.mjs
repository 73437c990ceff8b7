// @ts-check
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { bootstrap } from './lib/bootstrap.mjs'
import { endWithParent, exitOnSignals } from './lib/lifetime.mjs'
import { main } from './lib/main.mjs'
import { StepError } from './lib/step.mjs'
import { root } from './lib/workspace.mjs'

/**
 * npm run soak                    every row of the scorecards, for as long as they say
 * npm run soak -- R1 S3 ...       only these
 * npm run soak -- --seconds 10    each run shortened, to try it out
 * npm run soak -- --seed 7        with this chance, to repeat a run
 */
await main(async () => {
  endWithParent()
  exitOnSignals()
  const { positionals: ids, values } = parseArgs({
    allowPositionals: true,
    options: { seconds: { type: 'string' }, seed: { type: 'string' } },
  })
  const seconds = values.seconds === undefined ? undefined : wholeNumber('seconds', values.seconds)
  const seed = values.seed === undefined ? Date.now() % 2 ** 31 : wholeNumber('seed', values.seed)
  await bootstrap()
  const { run } = await import(pathToFileURL(join(root, 'soak/dist/main.js')).href)
  try {
    await run({ ids, seconds, seed })
  } catch (error) {
    throw error instanceof RangeError ? new StepError(error.message) : error
  }
})

/**
 * @param {string} name
 * @param {string} text
 */
function wholeNumber(name, text) {
  if (!/^[1-9]\d*$/.test(text)) throw new StepError(`--${name} takes a whole number, not ${text}.`)
  return Number(text)
}
