import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { registrationReference } from '#plugin/reference.js'

const source = readFileSync(new URL('../src/options.ts', import.meta.url), 'utf8')

/** The members of an interface, each with its docblock as one line. */
function documented(type: string): Record<string, { required: boolean; text: string }> {
  const [, body = ''] = new RegExp(`interface ${type} \\{\\n([\\s\\S]*?)\\n\\}`).exec(source) ?? []
  const members = body.matchAll(/\/\*\*([\s\S]*?)\*\/\s+(\w+)(\??):/g)
  return Object.fromEntries(
    [...members].map(([, comment = '', name = '', mark]) => {
      const text = comment
        .replaceAll(/\n\s+\*/g, ' ')
        .replaceAll(/\s+/g, ' ')
        .trim()
      return [name, { required: mark === '', text }]
    }),
  )
}

describe('What editors show of an option of a registration', () => {
  for (const { type, options } of registrationReference()) {
    it(`is what the schema says, for all of ${type}`, () => {
      const expected = options.map(({ name, required, meaning, fallback }) => [
        name,
        { required, text: fallback === undefined ? meaning : `${meaning} Default: ${fallback}.` },
      ])
      assert.deepEqual(documented(type), Object.fromEntries(expected))
    })
  }
})
