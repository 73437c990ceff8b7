/** A number that a row found, and what it has to be. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit?: string
  /** Absent where it is told for what it is worth. */
  readonly bound?: Bound
}

export type Bound =
  | { readonly atMost: number }
  | { readonly atLeast: number }
  | { readonly exactly: number }

/** Whether it is what it has to be; a number that could not be found never is. */
export function holds({ value, bound }: Figure): boolean {
  if (bound === undefined) return true
  if ('exactly' in bound) return value === bound.exactly
  return 'atMost' in bound ? value <= bound.atMost : value >= bound.atLeast
}

/** `p99 12.3 ms (at most 250)`; the bound is told where it is not met. */
export function describe(figure: Figure): string {
  const { name, value, unit = '', bound } = figure
  const text = `${name} ${rounded(value)}${unit && ` ${unit}`}`
  if (bound === undefined || holds(figure)) return text
  const [[word, limit] = []] = Object.entries(bound)
  return `**${text}, not ${WORDS[word ?? ''] ?? ''}${rounded(Number(limit))}**`
}

const WORDS: Readonly<Record<string, string>> = { atMost: 'at most ', atLeast: 'at least ' }

function rounded(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en')
  return value.toFixed(Math.abs(value) < 10 || Math.abs(value) > 99 ? 2 : 1)
}
