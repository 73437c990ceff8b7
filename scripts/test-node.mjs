// @ts-check
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { bootstrap } from './lib/bootstrap.mjs'
import { main } from './lib/main.mjs'
import { isNodeVersion, provideNode } from './lib/provide-node.mjs'
import { StepError } from './lib/step.mjs'
import { root } from './lib/workspace.mjs'

/** npm run test:node -- 26 [word ...]: the compiled tests, as they are, on another Node. */
await main(async () => {
  const [version, ...words] = process.argv.slice(2)
  if (!isNodeVersion(version)) {
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
