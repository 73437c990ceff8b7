import type { Directive } from '../../nginx/syntax.js'
import { Notes } from '../notes.js'

/** What an import of nginx goes through: the directives that were understood, and the notes. */
export class Reading {
  readonly notes: Notes = new Notes()
  readonly #used = new Set<Directive>()

  /** The directive has been carried over, or a note says what became of it. */
  use(directive: Directive): void {
    this.#used.add(directive)
  }

  isUsed(directive: Directive): boolean {
    return this.#used.has(directive)
  }

  lost(directive: Directive, reason: string): void {
    this.use(directive)
    this.notes.add('lost', directive.place, nameOf(directive), reason)
  }

  changed(directive: Directive, reason: string): void {
    this.use(directive)
    this.notes.add('changed', directive.place, nameOf(directive), reason)
  }
}

export function nameOf({ name, args }: Directive): string {
  const text = [name, ...args].join(' ')
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

/** The blocks around a place, the innermost last: what nginx inherits from. */
export class Scope {
  readonly #reading: Reading
  readonly #levels: ReadonlyArray<readonly Directive[]>

  constructor(reading: Reading, levels: ReadonlyArray<readonly Directive[]>) {
    this.#reading = reading
    this.#levels = levels
  }

  within(block: readonly Directive[]): Scope {
    return new Scope(this.#reading, [...this.#levels, block])
  }

  /** The directive in force: the innermost, and of one block the last. */
  find(name: string): Directive | undefined {
    return this.all(name).at(-1)
  }

  /** All of a directive that may be repeated; a block that has one hides the outer ones. */
  all(name: string): readonly Directive[] {
    for (const level of this.#levels.toReversed()) {
      const found = level.filter((directive) => directive.name === name)
      for (const one of found) this.#reading.use(one)
      if (found.length > 0) return found
    }
    return []
  }

  /** The same on the innermost block alone. */
  own(name: string): readonly Directive[] {
    const found = (this.#levels.at(-1) ?? []).filter((directive) => directive.name === name)
    for (const one of found) this.#reading.use(one)
    return found
  }
}
