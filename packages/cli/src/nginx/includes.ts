import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { parseNginx } from './parse.js'
import { type Directive, NginxSyntaxError } from './syntax.js'

/** A configuration with what it includes in its place, and the includes that led to no file. */
export interface NginxConfiguration {
  readonly directives: readonly Directive[]
  readonly missing: readonly Directive[]
}

const DEEPEST = 20

/**
 * Reads a configuration and all that it includes. Relative paths start at the folder of the first
 * file, as with nginx.
 * @param name how messages call the file.
 * @throws NginxSyntaxError; what node:fs throws when the first file cannot be read.
 */
export function readNginx(path: string, name: string = path): NginxConfiguration {
  const folder = dirname(resolve(path))
  const missing: Directive[] = []
  const read = (file: string, shown: string, depth: number): readonly Directive[] =>
    expand(parseNginx(shown, readFileSync(file, 'utf8')), depth)
  const expand = (directives: readonly Directive[], depth: number): readonly Directive[] =>
    directives.flatMap((one) => {
      const { name: word, args, block, place } = one
      if (word === 'include' && block === undefined && args[0] !== undefined) {
        if (depth === DEEPEST) throw new NginxSyntaxError('files include one another', place)
        const files = filesFor(isAbsolute(args[0]) ? args[0] : join(folder, args[0]))
        if (files.length === 0 && !hasWildcard(args[0])) missing.push(one)
        return files.flatMap((file) => read(file, relativeTo(folder, file), depth + 1))
      }
      return block === undefined ? one : { ...one, block: expand(block, depth) }
    })
  return { directives: read(resolve(path), name, 0), missing }
}

function relativeTo(folder: string, file: string): string {
  return file.startsWith(`${folder}/`) ? file.slice(folder.length + 1) : file
}

function hasWildcard(path: string): boolean {
  return /[*?[]/.test(path)
}

/** The files that a path with wildcards means, sorted; none where there are none. */
function filesFor(path: string): readonly string[] {
  let found = ['/']
  for (const segment of path.split('/').filter((part) => part !== '')) {
    found = found.flatMap((folder) =>
      hasWildcard(segment) ? matching(folder, segment) : [join(folder, segment)],
    )
  }
  return found.filter((file) => existsSync(file) && statSync(file).isFile()).sort()
}

function matching(folder: string, segment: string): readonly string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return []
  const pattern = new RegExp(
    `^${segment
      .replace(/[.+^${}()|\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  )
  return readdirSync(folder)
    .filter((name) => pattern.test(name) && (segment.startsWith('.') || !name.startsWith('.')))
    .map((name) => join(folder, name))
}
