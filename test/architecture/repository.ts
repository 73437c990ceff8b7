import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** The packages' folders, as paths from the root. */
export const packages: readonly string[] = readdirSync(join(root, 'packages'))
  .map((name) => `packages/${name}`)
  .sort()

export function exists(path: string): boolean {
  return existsSync(join(root, path))
}

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** What these tests look at in a package.json. */
export interface Manifest {
  readonly name: string
  readonly exports?: Readonly<Record<string, string | { readonly default: string }>>
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

export function readManifest(path: string): Manifest {
  return JSON.parse(read(path))
}

/** The files of a folder with one of the endings, as sorted paths from the root. */
export function filesIn(folder: string, ...endings: readonly string[]): string[] {
  if (!exists(folder)) return []
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !/(^|\/)(node_modules|dist|dist-test)\//.test(path))
    .sort()
}

/** The text without its comments; a string that holds `//` is kept because of what is before. */
export function codeOf(path: string): string {
  return read(path).replaceAll(/\/\*[\s\S]*?\*\/|(?<![:'"`\w])\/\/.*/g, '')
}
