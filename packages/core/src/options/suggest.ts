/** `; did you mean 'weight'?` when one of `known` is close to `word`, else nothing. */
export function suggestion(word: string, known: readonly string[]): string {
  const nearest = near(word, known)
  return nearest === undefined ? '' : `; did you mean '${nearest}'?`
}

function near(word: string, known: readonly string[]): string | undefined {
  const wanted = plain(word)
  let best: string | undefined
  // A third of the letters, so that short words are not mistaken for one another.
  let least = Math.floor(wanted.length / 3) + 1
  for (const candidate of known) {
    const edits = distance(wanted, plain(candidate))
    if (edits < least) {
      least = edits
      best = candidate
    }
  }
  return best
}

// nginx writes max_fails and samesite, YAML files often max-fails.
function plain(word: string): string {
  return word
    .slice(0, 64)
    .toLowerCase()
    .replaceAll(/[_\s-]/g, '')
}

/** Levenshtein's: insertions, deletions and replacements that turn `a` into `b`. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
