/**
 * JSON in pieces, as that of a thousand servers is a megabyte.
 * @param depth how many levels of objects and lists are taken apart.
 */
export function* jsonPieces(value: unknown, depth: number): Generator<string, void> {
  if (depth === 0 || typeof value !== 'object' || value === null) {
    yield JSON.stringify(value)
  } else if (Array.isArray(value)) {
    yield '['
    for (const [i, item] of value.entries()) {
      if (i > 0) yield ','
      yield* jsonPieces(item, depth - 1)
    }
    yield ']'
  } else {
    let before = '{'
    for (const [name, member] of Object.entries(value)) {
      if (member === undefined) continue
      yield `${before}${JSON.stringify(name)}:`
      yield* jsonPieces(member, depth - 1)
      before = ','
    }
    yield before === '{' ? '{}' : '}'
  }
}
