import type { Place } from '../../nginx/syntax.js'

/** One line of a section: a keyword and its words. */
export interface Line {
  readonly words: readonly string[]
  readonly place: Place
}

/** `backend NAME` and the lines below it. */
export interface Section {
  readonly kind: string
  readonly name: string
  readonly lines: readonly Line[]
}

const SECTIONS = [
  'global',
  'defaults',
  'frontend',
  'backend',
  'listen',
  'resolvers',
  'peers',
  'cache',
  'userlist',
  'mailers',
  'program',
  'http-errors',
  'ring',
]

/** Takes a HAProxy configuration apart. Lines before the first section have nowhere to belong. */
export function readSections(file: string, text: string): readonly Section[] {
  const sections: Array<{ kind: string; name: string; lines: Line[] }> = []
  for (const [index, raw] of text.split('\n').entries()) {
    const words = wordsOf(raw)
    const [kind = '', name = ''] = words
    const column = raw.search(/\S/) + 1
    if (words.length === 0) continue
    if (SECTIONS.includes(kind)) sections.push({ kind, name, lines: [] })
    else sections.at(-1)?.lines.push({ words, place: { file, line: index + 1, column } })
  }
  return sections
}

/** HAProxy's quotes: in double ones a backslash escapes, in single ones nothing does. */
function wordsOf(line: string): readonly string[] {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at] ?? ''
    if (character === '\\' && quote !== "'") {
      at += 1
      word = (word ?? '') + (line[at] ?? '')
    } else if (quote !== '') {
      if (character === quote) quote = ''
      else word = (word ?? '') + character
    } else if (character === '"' || character === "'") {
      quote = character
      word ??= ''
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (character === '#') break
    else word = (word ?? '') + character
  }
  return word === undefined ? words : [...words, word]
}

/** HAProxy's time as ours: a bare number is milliseconds. */
export function durationOf(text: string | undefined): string | undefined {
  const [, digits, unit] = /^(\d+)(us|ms|s|m|h|d)?$/.exec(text ?? '') ?? []
  if (digits === undefined) return undefined
  return unit === 'us' ? `${Math.ceil(Number(digits) / 1000)}ms` : `${digits}${unit ?? 'ms'}`
}

/** A parameter, and its value where it takes one. */
export interface Parameter {
  readonly name: string
  readonly value: string
}

/** Pairs words up: those of `withValue` take the word behind them. */
export function* parametersOf(
  words: readonly string[],
  withValue: readonly string[],
): Generator<Parameter> {
  const rest = words[Symbol.iterator]()
  for (const name of rest) {
    if (!withValue.includes(name)) yield { name, value: '' }
    else yield { name, value: rest.next().value ?? '' }
  }
}
