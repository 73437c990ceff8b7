// @ts-check
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { bootstrap } from './lib/bootstrap.mjs'
import { main } from './lib/main.mjs'
import { quietly, StepError } from './lib/step.mjs'
import { root } from './lib/workspace.mjs'

/** npm run test:node -- 26 [word ...]: the compiled tests, as they are, on another Node. */
await main(async () => {
  const [version = '', ...words] = process.argv.slice(2)
  if (!/^\d+(\.\d+)*$/.test(version)) {
    throw new StepError('Which Node? For example: npm run test:node -- 26')
  }
  await bootstrap()
  const node = await provideNode(version)
  console.log(`On Node ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()}:`)
  const { status } = spawnSync(node, [join(root, 'scripts/test.mjs'), '--tests-only', ...words], {
    cwd: root,
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
})

/**
 * npm has Node itself as packages, one a platform.
 *
 * @param {string} version
 */
async function provideNode(version) {
  const platform = process.platform === 'win32' ? 'win' : process.platform
  const name = `node-${platform}-${process.arch}`
  const folder = join(root, 'node_modules/.cache/node', version)
  const node = join(folder, 'node_modules', name, 'bin/node')
  if (existsSync(node)) return node
  console.log(`Fetching ${name}@${version} ...`)
  mkdirSync(folder, { recursive: true })
  const { ok, output } = await quietly('npm', [
    'install',
    `--prefix=${folder}`,
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    `${name}@${version}`,
  ])
  if (!ok) throw new StepError(`Node ${version} could not be fetched.`, output)
  return node
}
