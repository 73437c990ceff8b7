// @ts-check
import { mkdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pnpm } from './pnpm.mjs'
import { quietly, tool } from './step.mjs'
import { packages, root } from './workspace.mjs'

const cache = join(root, 'node_modules/.cache/published')

/**
 * Packs what would be published, and judges the tarballs instead of the folders they come from.
 *
 * @param {import('./tally.mjs').Tally} tally
 */
export async function checkPublished(tally) {
  rmSync(cache, { recursive: true, force: true })
  const isPacked = await tally.check('packages: packed', () =>
    pnpm(['--recursive', '--filter=./packages/*', 'pack', '--pack-destination', cache]),
  )
  if (!isPacked) return

  const published = packages.map((folder) => {
    const { name, version } = manifest(folder)
    const file = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`
    return { folder, name, tarball: join(cache, file) }
  })
  for (const { name, tarball } of published) {
    await Promise.all([
      tally.check(`${name}: publint`, () => tool('publint', ['run', '--strict', tarball])),
      tally.check(`${name}: its types resolve`, () =>
        tool('attw', ['--profile', 'esm-only', '--format', 'ascii', tarball]),
      ),
    ])
  }
  for (const { folder, name, tarball } of published) await unpack(folder, name, tarball)
  for (const { name } of published) {
    await tally.check(`${name}: a CommonJS script can require() it`, () =>
      quietly(process.execPath, ['--eval', `require(${JSON.stringify(name)})`], { cwd: cache }),
    )
  }
}

/**
 * Lays a tarball out as an installation would, with the dependencies that are already here.
 *
 * @param {string} folder
 * @param {string} name
 * @param {string} tarball
 */
async function unpack(folder, name, tarball) {
  const modules = join(cache, 'node_modules')
  mkdirSync(join(modules, name), { recursive: true })
  await quietly('tar', ['-xzf', tarball, '-C', join(modules, name), '--strip-components=1'])
  const { dependencies, peerDependencies } = manifest(folder)
  for (const dependency of Object.keys({ ...dependencies, ...peerDependencies })) {
    if (packages.some((other) => manifest(other).name === dependency)) continue
    const link = join(modules, dependency)
    mkdirSync(dirname(link), { recursive: true })
    rmSync(link, { force: true })
    symlinkSync(realpathSync(join(root, folder, 'node_modules', dependency)), link)
  }
}

/** @param {string} folder */
function manifest(folder) {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
}
