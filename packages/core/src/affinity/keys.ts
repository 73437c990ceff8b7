import {
  compileKey,
  type KeyExpression,
  type KeyOptions,
  type KeyReader,
} from './key-expression.js'

export interface KeyListOptions extends KeyOptions {
  /** The key when all others are empty; `'round-robin'`, the default, leaves it empty. */
  readonly whenEmpty?: KeyExpression | 'round-robin' | undefined
}

/** Compiles a list of key expressions: the first key that is not empty counts. */
export function compileKeys(
  expressions: readonly KeyExpression[],
  options: KeyListOptions = {},
): KeyReader {
  const { whenEmpty = 'round-robin' } = options
  const all = whenEmpty === 'round-robin' ? expressions : [...expressions, whenEmpty]
  const readers = all.map((expression) => compileKey(expression, options))
  const [only] = readers
  if (only !== undefined && readers.length === 1) return only
  return (facts) => {
    for (const read of readers) {
      const key = read(facts)
      if (key !== '') return key
    }
    return ''
  }
}
