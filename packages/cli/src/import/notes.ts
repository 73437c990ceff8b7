import type { Place } from '../nginx/syntax.js'

/**
 * How much a note matters: `lost` is behaviour that is missing, `changed` is carried over with a
 * difference, `needless` has no part in what Holdfast does.
 */
export type NoteLevel = 'lost' | 'changed' | 'needless'

/** Something that the result does not say as the source did. */
export interface Note {
  readonly level: NoteLevel
  readonly place: Place
  /** As much of the source as names it. */
  readonly what: string
  readonly reason: string
}

/** Collects the notes of one import; the same one twice is kept once. */
export class Notes {
  readonly #notes = new Map<string, Note>()

  add(level: NoteLevel, place: Place, what: string, reason: string): void {
    const { file, line, column } = place
    this.#notes.set(`${level} ${file} ${line} ${column} ${reason}`, { level, place, what, reason })
  }

  /** By file and line. */
  all(): readonly Note[] {
    return [...this.#notes.values()].sort(
      ({ place: a }, { place: b }) =>
        a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column,
    )
  }
}

export function describeNote({ level, place: { file, line }, what, reason }: Note): string {
  return `${file}:${line}: ${level}: ${what}: ${reason}`
}
