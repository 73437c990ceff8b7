// @ts-check
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bootstrap } from './lib/bootstrap.mjs'
import { endWithParent, exitOnSignals } from './lib/lifetime.mjs'
import { main } from './lib/main.mjs'
import { StepError } from './lib/step.mjs'
import { root } from './lib/workspace.mjs'

/**
 * npm run bench               every figure
 * npm run bench -- P1 P4 ...  only these
 */
await main(async () => {
  endWithParent()
  exitOnSignals()
  await bootstrap()
  const { run } = await import(pathToFileURL(join(root, 'bench/dist/main.js')).href)
  try {
    await run(process.argv.slice(2))
  } catch (error) {
    throw error instanceof RangeError ? new StepError(error.message) : error
  }
})
