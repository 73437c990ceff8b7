import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { importsOf } from './imports.js'
import { filesIn, packages } from './repository.js'

describe('imports at run time', () => {
  for (const folder of packages) {
    it(`form no cycle in ${folder}`, () => {
      assert.equal(findCycle(filesIn(`${folder}/src`, '.ts'))?.join('\n -> '), undefined)
    })
  }
})

/** Depth first; a file met again while its own imports are still being followed closes a cycle. */
function findCycle(files: readonly string[]): string[] | undefined {
  const done = new Set<string>()
  const visit = (file: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file]
    if (done.has(file)) return undefined
    for (const { to, typeOnly } of importsOf(file)) {
      if (typeOnly || !files.includes(to)) continue
      const cycle = visit(to, [...trail, file])
      if (cycle !== undefined) return cycle
    }
    done.add(file)
    return undefined
  }
  for (const file of files) {
    const cycle = visit(file, [])
    if (cycle !== undefined) return cycle
  }
  return undefined
}
