import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseNginx } from '#cli/nginx/parse.js'
import { type Directive, NginxSyntaxError } from '#cli/nginx/syntax.js'

describe('the parser of nginx configurations', () => {
  it("follows nginx's quotes, escapes, comments and variables", () => {
    const text = `# a comment
a 'it''s' ; b "x y" "q\\"q" z\\;z; # to the end
c "$x{not}"; d \${x}y{e f;}
g "" '#';`
    assert.throws(() => parseNginx('f', text), {
      message: 'f:2:7: unexpected "\'" after a quote',
    })
    const good = text.replace("'it''s' ", `'it"s'`)
    assert.deepEqual(shape(parseNginx('f', good)), [
      ['a', 'it"s'],
      ['b', 'x y', 'q"q', 'z\\;z'],
      ['c', '$x{not}'],
      ['d', `\${x}y`, [['e', 'f']]],
      ['g', '', '#'],
    ])
  })

  it('leaves the text of Lua blocks alone', () => {
    const [block] = parseNginx('f', 'content_by_lua_block { if x then y({1; 2}) end }')
    assert.equal(block?.args[0], ' if x then y({1; 2}) end ')
  })

  for (const [text, message] of [
    ['a {\n  b c\n}', /^f:3:1: "b" is not ended/],
    ['a {', /^f:1:4: the file ends inside a block/],
    ['}', /^f:1:1: unexpected "}"/],
    ['a b', /^f:1:4: "a" is not ended/],
    ['a "b', /^f:1:3: this quote is never closed/],
    [';', /^f:1:1: unexpected ";"/],
    ['a{'.repeat(70), /nested too deep/],
  ] as const) {
    it(`says where it ends: ${JSON.stringify(text.slice(0, 20))}`, () => {
      assert.throws(() => parseNginx('f', text), { message })
    })
  }

  it('ends on any text, with directives or with a line and a column', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      ';',
      '"',
      "'",
      '\\',
      '$',
      '${',
      '#',
      '\n',
      ' ',
      'a',
      'server',
    )
    const texts = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.array(pieces, { maxLength: 80 }).map((all) => all.join('')),
    )
    fc.assert(
      fc.property(texts, (text) => {
        try {
          parseNginx('f', text)
        } catch (error) {
          assert.ok(error instanceof NginxSyntaxError, String(error))
          assert.match(error.message, /^f:\d+:\d+: /)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

type Shape = ReadonlyArray<string | Shape>

function shape(directives: readonly Directive[]): Shape {
  return directives.map(({ name, args, block }) => [
    name,
    ...args,
    ...(block === undefined ? [] : [shape(block)]),
  ])
}
