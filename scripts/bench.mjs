// @ts-check
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { bootstrap } from './lib/bootstrap.mjs'
import { endWithParent, exitOnSignals } from './lib/lifetime.mjs'
import { main } from './lib/main.mjs'
import { isNodeVersion, provideNode } from './lib/provide-node.mjs'
import { StepError } from './lib/step.mjs'
import { root } from './lib/workspace.mjs'

/**
 * npm run bench                         every figure
 * npm run bench -- P1 P4 ...            only these
 * npm run bench -- --node 26 [P1 ...]   on another Node, fetched from npm
 */
await main(async () => {
  endWithParent()
  exitOnSignals()
  const [option, version, ...others] = process.argv.slice(2)
  if (option === '--node') return runOn(version, others)
  await bootstrap()
  const { run } = await import(pathToFileURL(join(root, 'bench/dist/main.js')).href)
  try {
    await run(process.argv.slice(2))
  } catch (error) {
    throw error instanceof RangeError ? new StepError(error.message) : error
  }
})

/**
 * @param {string | undefined} version
 * @param {readonly string[]} words
 */
async function runOn(version, words) {
  if (!isNodeVersion(version)) {
    throw new StepError('Which Node? For example: npm run bench -- --node 26')
  }
  const child = spawn(await provideNode(version), [fileURLToPath(import.meta.url), ...words], {
    stdio: 'inherit',
  })
  // Whoever ends this wants the other ended; it looks after those that it starts itself.
  process.once('exit', () => child.kill())
  const [code] = await once(child, 'exit')
  process.exitCode = code ?? 1
}
