import { Lexer, type Token } from './lexer.js'
import { type Directive, NginxSyntaxError } from './syntax.js'

/** nginx's own limit is the stack; nobody writes more. */
const DEEPEST = 64

/**
 * Reads one nginx configuration file; `include` is a directive like any other.
 * @throws NginxSyntaxError with the file, line and column.
 */
export function parseNginx(file: string, text: string): readonly Directive[] {
  return directives(new Lexer(file, text), 0)
}

function directives(lexer: Lexer, depth: number): readonly Directive[] {
  const found: Directive[] = []
  for (;;) {
    const token = lexer.next()
    if (token.kind === 'end') {
      if (depth === 0) return found
      throw new NginxSyntaxError('the file ends inside a block: a "}" is missing', token.place)
    }
    if (token.kind === '}') {
      if (depth > 0) return found
      throw new NginxSyntaxError('unexpected "}"', token.place)
    }
    if (token.kind !== 'word') throw new NginxSyntaxError(`unexpected "${token.kind}"`, token.place)
    found.push(directive(lexer, token, depth))
  }
}

function directive(
  lexer: Lexer,
  { text: name, place }: Extract<Token, { kind: 'word' }>,
  depth: number,
): Directive {
  const args: string[] = []
  for (;;) {
    const token = lexer.next()
    switch (token.kind) {
      case 'word':
        args.push(token.text)
        break
      case ';':
        return { name, args, block: undefined, place }
      case '{':
        if (name.endsWith('_by_lua_block'))
          return { name, args: [...args, lexer.raw()], block: [], place }
        if (depth === DEEPEST) throw new NginxSyntaxError('blocks are nested too deep', token.place)
        return { name, args, block: directives(lexer, depth + 1), place }
      default:
        throw new NginxSyntaxError(`"${name}" is not ended: a ";" or "{" is missing`, token.place)
    }
  }
}
