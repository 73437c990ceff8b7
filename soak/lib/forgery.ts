import type { Random } from '@holdfast/core'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/**
 * Values that are not the cookie they were made of: every bit of its text flipped, every length
 * shorter, some longer, every other key id, `others` that were sealed for something else, and as
 * many with several random characters as make up `count`. None is the original, none comes twice.
 */
export function mutantsOf(
  original: string,
  random: Random,
  count: number,
  others: readonly string[],
): readonly string[] {
  const mutants = new Set<string>(others)
  // Six bits a character: the last one has four that no byte of the value stands on.
  for (const [at, character] of [...original].entries()) {
    const value = ALPHABET.indexOf(character)
    for (let bit = 1; bit < 64; bit *= 2) mutants.add(replaced(original, at, value ^ bit))
    mutants.add(original.slice(0, at))
  }
  for (const more of ['A', '=', '==', 'AAAA', '%00', '.', ' x', original]) {
    mutants.add(original + more)
  }
  const bytes = Buffer.from(original, 'base64url')
  for (let id = 0; id < 256; id += 1) {
    const other = Buffer.from(bytes)
    other[1] = id
    mutants.add(other.toString('base64url'))
  }
  mutants.add(original.replaceAll('-', '+').replaceAll('_', '/').concat('=='))
  mutants.delete(original)
  // An empty value is no cookie, and not a forged one.
  mutants.delete('')
  while (mutants.size < count) {
    let mutant = original
    for (let n = random.below(8) + 1; n > 0; n -= 1) {
      mutant = replaced(mutant, random.below(original.length), random.below(64))
    }
    if (mutant !== original) mutants.add(mutant)
  }
  return [...mutants].slice(0, count)
}

function replaced(text: string, at: number, value: number): string {
  return text.slice(0, at) + (ALPHABET[value] ?? '') + text.slice(at + 1)
}
