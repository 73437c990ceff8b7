/** A wrong option. The message names the option's path, what is wrong, and the value. */
export class OptionError extends Error {
  override readonly name = 'OptionError'
  readonly code = 'HOLDFAST_OPTION'
  /** Where it stands, as a reader would write it: `upstream.servers[1].weight`. */
  readonly path: string
  /** What stood there; undefined for a secret. */
  readonly value: unknown
  /** What else is wrong with the same input. */
  readonly others: readonly OptionError[]

  constructor(path: string, problem: string, value?: unknown, others: readonly OptionError[] = []) {
    const got = value === undefined ? '' : ` (got ${show(value)})`
    const rest = others.map((other) => `\n  ${other.message}`).join('')
    super(`${path}: ${problem}${got}${rest}`)
    this.path = path
    this.value = value
    this.others = others
  }
}

const SHOWN_CHARACTERS = 80

/** A value as an error message shows it: JSON where it can be, and never long. */
function show(value: unknown): string {
  // JSON knows neither NaN nor Infinity.
  if (typeof value === 'number') return String(value)
  let text: string
  try {
    text = JSON.stringify(value) ?? String(value)
  } catch {
    text = String(value)
  }
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
}
