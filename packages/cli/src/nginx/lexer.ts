import { NginxSyntaxError, type Place } from './syntax.js'

export type Token =
  | { readonly kind: 'word'; readonly text: string; readonly place: Place }
  | { readonly kind: ';' | '{' | '}' | 'end'; readonly place: Place }

const BLANK = /[ \t\r\n]/

/** Takes an nginx configuration apart, by nginx's own rules of quotes and escapes. */
export class Lexer {
  readonly #file: string
  readonly #text: string
  #at = 0
  #line = 1
  #lineStart = 0

  constructor(file: string, text: string) {
    this.#file = file
    // A byte order mark is no part of the first word.
    this.#text = text.replace(/^\uFEFF/, '')
  }

  next(): Token {
    this.#skipBlanks()
    const place = this.place()
    const character = this.#text[this.#at]
    switch (character) {
      case undefined:
        return { kind: 'end', place }
      case ';':
      case '{':
      case '}':
        this.#advance()
        return { kind: character, place }
      case '"':
      case "'":
        return { kind: 'word', text: this.#quoted(character, place), place }
      default:
        return { kind: 'word', text: this.#bare(), place }
    }
  }

  /** What stands in a block of another language, up to its closing brace; the `{` is read. */
  raw(): string {
    const place = this.place()
    const start = this.#at
    let depth = 1
    while (depth > 0) {
      const character = this.#text[this.#at]
      if (character === undefined) throw new NginxSyntaxError('this block is never closed', place)
      if (character === '{') depth += 1
      if (character === '}') depth -= 1
      this.#advance()
    }
    return this.#text.slice(start, this.#at - 1)
  }

  place(): Place {
    return { file: this.#file, line: this.#line, column: this.#at - this.#lineStart + 1 }
  }

  #skipBlanks(): void {
    for (;;) {
      const character = this.#text[this.#at]
      if (character === '#')
        while (![undefined, '\n'].includes(this.#text[this.#at])) this.#advance()
      else if (character !== undefined && BLANK.test(character)) this.#advance()
      else return
    }
  }

  #quoted(quote: string, place: Place): string {
    this.#advance()
    let text = ''
    for (;;) {
      const character = this.#text[this.#at]
      if (character === undefined) throw new NginxSyntaxError('this quote is never closed', place)
      if (character === quote) break
      text += character === '\\' ? this.#escape() : this.#take()
    }
    this.#advance()
    const after = this.#text[this.#at]
    if (after !== undefined && !/[ \t\r\n;{)]/.test(after)) {
      throw new NginxSyntaxError(`unexpected ${JSON.stringify(after)} after a quote`, this.place())
    }
    return text
  }

  #bare(): string {
    let text = ''
    for (;;) {
      const character = this.#text[this.#at]
      if (character === undefined || BLANK.test(character) || character === ';') return text
      // `${name}` is a variable, and no block.
      if (character === '{' && !text.endsWith('$')) return text
      if (character === '{') text += this.#variable()
      else text += character === '\\' ? this.#escape() : this.#take()
    }
  }

  #variable(): string {
    const place = this.place()
    let text = this.#take()
    while (!text.endsWith('}')) {
      const character = this.#text[this.#at]
      if (character === undefined || BLANK.test(character)) {
        throw new NginxSyntaxError('this variable is never closed', place)
      }
      text += this.#take()
    }
    return text
  }

  /** nginx unescapes quotes, the backslash and three blanks; before others the backslash stays. */
  #escape(): string {
    this.#advance()
    const character = this.#text[this.#at]
    if (character === undefined) return '\\'
    this.#advance()
    const plain: Readonly<Record<string, string>> = {
      '"': '"',
      "'": "'",
      '\\': '\\',
      t: '\t',
      r: '\r',
      n: '\n',
    }
    return plain[character] ?? `\\${character}`
  }

  #take(): string {
    const character = this.#text[this.#at] ?? ''
    this.#advance()
    return character
  }

  #advance(): void {
    if (this.#text[this.#at] === '\n') {
      this.#line += 1
      this.#lineStart = this.#at + 1
    }
    this.#at += 1
  }
}
