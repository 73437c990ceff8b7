import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { upstreamReference } from '#core/options/reference.js'

const source = readFileSync(new URL('../../src/options/types.ts', import.meta.url), 'utf8')

/** The members of an interface, each with its docblock as one line. */
function documented(type: string): Map<string, { required: boolean; text: string }> {
  const [, body = ''] =
    new RegExp(`interface ${type}(?:<.*>)? \\{\\n([\\s\\S]*?)\\n\\}`).exec(source) ?? []
  const members = body.matchAll(/\/\*\*([\s\S]*?)\*\/\s+(\w+)(\??):/g)
  return new Map(
    [...members].map(([, comment = '', name = '', mark]) => [
      name,
      {
        required: mark === '',
        text: comment
          .replaceAll(/\n\s+\*/g, ' ')
          .replaceAll(/\s+/g, ' ')
          .trim(),
      },
    ]),
  )
}

describe('what editors show of an option', () => {
  for (const { type, options } of upstreamReference()) {
    it(`is what the schema says, for all of ${type}`, () => {
      const expected = options.map(({ name, required, meaning, fallback }) => [
        name,
        { required, text: fallback === undefined ? meaning : `${meaning} Default: ${fallback}.` },
      ])
      assert.deepEqual(Object.fromEntries(documented(type)), Object.fromEntries(expected))
    })
  }

  it('covers every interface of options', () => {
    const interfaces = [...source.matchAll(/export interface (\w+)/g)].map(([, name]) => name)
    assert.deepEqual(
      interfaces.sort(),
      upstreamReference()
        .map(({ type }) => type)
        .sort(),
    )
  })
})
