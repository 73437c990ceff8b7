/** A place in a configuration; both count from 1. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** `name arg arg;` or `name arg { ... }`. */
export interface Directive {
  readonly name: string
  readonly args: readonly string[]
  /** Undefined where it ended with a semicolon. */
  readonly block: readonly Directive[] | undefined
  readonly place: Place
}

/** The text is no nginx configuration. */
export class NginxSyntaxError extends Error {
  override readonly name = 'NginxSyntaxError'
  readonly place: Place

  constructor(problem: string, place: Place) {
    super(`${place.file}:${place.line}:${place.column}: ${problem}`)
    this.place = place
  }
}
