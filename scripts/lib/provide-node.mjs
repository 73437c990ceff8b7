// @ts-check
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { quietly, StepError } from './step.mjs'
import { root } from './workspace.mjs'

/**
 * Another Node than this one: npm has Node itself as packages, one a platform.
 *
 * @param {string} version such as 26 or 26.1.0
 * @returns {Promise<string>} where it is
 */
export async function provideNode(version) {
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

/**
 * @param {string | undefined} version
 * @returns {version is string}
 */
export function isNodeVersion(version) {
  return version !== undefined && /^\d+(\.\d+)*$/.test(version)
}
