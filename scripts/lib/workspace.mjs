// @ts-check
import { existsSync, readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** The folders of the published packages, each with a package.json. */
export const packages = readdirSync(join(root, 'packages'))
  .map((name) => `packages/${name}`)
  .sort()

/**
 * Every file below a folder, as a path with slashes from the root; none if there is no folder.
 *
 * @param {string} folder
 * @returns {string[]}
 */
export function filesBelow(folder) {
  const base = join(root, folder)
  if (!existsSync(base)) return []
  return readdirSync(base, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
}
