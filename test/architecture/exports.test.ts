import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { codeOf, packages, read, readManifest } from './repository.js'

const SNAPSHOT = 'test/architecture/exports.txt'

describe('the public surface', () => {
  it('is what exports.txt lists; UPDATE_EXPORTS=1 writes it anew, to be reviewed as a diff', () => {
    const surface = packages.flatMap(surfaceOf)
    if (process.env.UPDATE_EXPORTS === '1') {
      writeFileSync(
        fileURLToPath(new URL(`../../../${SNAPSHOT}`, import.meta.url)),
        `${surface.join('\n')}\n`,
      )
    }
    const listed = read(SNAPSHOT).trimEnd().split('\n')
    const added = surface.filter((name) => !listed.includes(name))
    const removed = listed.filter((name) => !surface.includes(name))
    assert.deepEqual({ added, removed }, { added: [], removed: [] })
  })
})

/** One line for each entry point, and one for each name that it exports. */
function surfaceOf(folder: string): string[] {
  const { name, exports } = readManifest(`${folder}/package.json`)
  return Object.entries(exports ?? {}).flatMap(([entry, target]) => {
    const specifier = `${name}${entry.slice(1)}`
    if (typeof target === 'string') return [specifier]
    const source = target.default.replace('./dist/', `${folder}/src/`)
    const names = namesOf(source.replace(/\.js$/, '.ts'))
    return [specifier, ...names.map((one) => `${specifier}: ${one}`)]
  })
}

const LIST = /^export\s+(type\s+)?\{([^}]*)\}/gm
const DECLARATION = /^export\s+(?:async\s+)?(const|function|class|interface|type)\s+(\w+)/gm

function namesOf(file: string): string[] {
  const code = codeOf(file)
  assert.doesNotMatch(code, /^export\s+\*/m, `${file} must say by name what it exports`)
  const listed = [...code.matchAll(LIST)].flatMap(([, type = '', list = '']) =>
    list
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '')
      .map((name) => (type === '' ? name : `type ${name}`)),
  )
  const declared = [...code.matchAll(DECLARATION)].map(([, kind = '', name = '']) =>
    kind === 'interface' || kind === 'type' ? `type ${name}` : name,
  )
  return [...listed.map((name) => name.replace(/\w+ as /, '')), ...declared].sort()
}
