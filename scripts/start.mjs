// @ts-check
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bootstrap } from './lib/bootstrap.mjs'
import { endWithParent } from './lib/lifetime.mjs'
import { main } from './lib/main.mjs'
import { StepError } from './lib/step.mjs'
import { root } from './lib/workspace.mjs'

/**
 * npm start                        one gateway
 * npm run start:fleet              three gateways and Redis
 * npm run start:fleet -- --kill    the same, while parts of it are killed
 */
const [, , example = 'demo', ...options] = process.argv
const demo = join(root, 'examples/dist', example, 'main.js')

await main(async () => {
  endWithParent()
  await bootstrap()
  if (!existsSync(demo)) throw new StepError('There is no demo to start yet.')
  // In this process: signals, standard streams and the exit code are the demo's own, and nothing
  // stands between it and the terminal that could outlive it.
  process.setSourceMapsEnabled(true)
  process.argv.splice(1, process.argv.length, demo, ...options)
  await import(pathToFileURL(demo).href)
})
