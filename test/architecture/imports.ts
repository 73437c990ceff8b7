import { posix } from 'node:path'
import { codeOf } from './repository.js'

export interface Import {
  readonly from: string
  /** A path from the root for a file of the same package, otherwise the specifier as written. */
  readonly to: string
  /** Erased by the compiler: it binds two files in thought, but not at run time. */
  readonly typeOnly: boolean
}

const STATEMENT = /^(?:import|export)\s+(?:(type)\s+)?(?:[\w*{}\s,$]+?\s+from\s+)?'([^']+)'/gm
const EXPRESSION = /\bimport\(\s*'([^']+)'/g

export function importsOf(file: string): Import[] {
  const code = codeOf(file)
  const statements = [...code.matchAll(STATEMENT)].map(([, type, specifier = '']) => {
    return { from: file, to: resolve(file, specifier), typeOnly: type === 'type' }
  })
  const expressions = [...code.matchAll(EXPRESSION)].map(([, specifier = '']) => {
    return { from: file, to: resolve(file, specifier), typeOnly: false }
  })
  return [...statements, ...expressions]
}

function resolve(file: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier
  return posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts')
}
