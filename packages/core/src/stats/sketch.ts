/**
 * HyperLogLog: how many different sessions there were, in bounded memory, with a standard error of
 * 1.6 % (1.04 / √4096). It belongs to version 1 of the snapshot: replicas with other sizes could
 * not be united.
 *
 * As text every register is one character of base64url; where few are set, each of those is three
 * (two of its place, one of its rank).
 */
const REGISTERS = 4096
// Hex digits of an id: the first three are a register's place, the next eight tell its rank.
const PLACE_END = 3
const RANK_END = 11
const MOST_RANK = 4 * (RANK_END - PLACE_END) + 1

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** A set of sessions of which only the size can be told. */
export class SessionSketch {
  readonly #ranks = new Uint8Array(REGISTERS)

  /** @returns whether that changed the sketch. */
  add(id: string): boolean {
    // Ids are uniformly random already: hashing them would add nothing.
    const place = hexIn(id, 0, PLACE_END)
    return this.#raise(place, Math.clz32(hexIn(id, PLACE_END, RANK_END)) + 1)
  }

  /** Takes in all that `other` was given. */
  unite(other: SessionSketch): void {
    for (let place = 0; place < REGISTERS; place += 1) this.#raise(place, other.#ranks[place] ?? 0)
  }

  clear(): void {
    this.#ranks.fill(0)
  }

  /**
   * About how many sessions were added.
   * Otmar Ertl, New cardinality estimation algorithms for HyperLogLog sketches (2017), algorithm 6:
   * it needs no table against bias, neither for few nor for many.
   */
  estimate(): number {
    const counts = new Array<number>(MOST_RANK + 1).fill(0)
    for (const rank of this.#ranks) counts[rank] = (counts[rank] ?? 0) + 1
    const share = (rank: number): number => (counts[rank] ?? 0) / REGISTERS

    let z = tau(1 - share(MOST_RANK))
    for (let rank = MOST_RANK - 1; rank > 0; rank -= 1) z = (z + share(rank)) / 2
    z += sigma(share(0))
    return REGISTERS / (2 * Math.LN2 * z)
  }

  toText(): string {
    const sparse: string[] = []
    for (let place = 0; place < REGISTERS; place += 1) {
      const rank = this.#ranks[place] ?? 0
      if (rank === 0) continue
      sparse.push(digit(place >>> 6) + digit(place & 63) + digit(rank))
      if (3 * sparse.length >= REGISTERS) return Array.from(this.#ranks, digit).join('')
    }
    return sparse.join('')
  }

  /** `unite` with the sketch that was written as `text`; false where that is none. */
  uniteText(text: string): boolean {
    const isDense = text.length === REGISTERS
    if (!isDense && (text.length > REGISTERS || text.length % 3 !== 0)) return false
    const width = isDense ? 1 : 3
    for (let at = 0; at < text.length; at += width) {
      const place = isDense ? at : 64 * valueAt(text, at) + valueAt(text, at + 1)
      const rank = valueAt(text, at + width - 1)
      if (!(place >= 0 && rank >= 0 && rank <= MOST_RANK)) return false
      this.#raise(place, rank)
    }
    return true
  }

  #raise(place: number, rank: number): boolean {
    if ((this.#ranks[place] ?? MOST_RANK) >= rank) return false
    this.#ranks[place] = rank
    return true
  }
}

/** How far an estimate is likely off: two standard errors, which hold in 95 of 100 cases. */
export const sessionErrorShare: number = (2 * 1.04) / Math.sqrt(REGISTERS)

const VALUES: ReadonlyMap<number, number> = new Map(
  Array.from(ALPHABET, (character, value) => [character.charCodeAt(0), value]),
)

function digit(value: number): string {
  return ALPHABET.charAt(value)
}

/** NaN where no digit stands, which no comparison lets through. */
function valueAt(text: string, at: number): number {
  return VALUES.get(text.charCodeAt(at)) ?? Number.NaN
}

/** 32 bits of lower-case digits, in a sixth of the time that cutting and parsing a text takes. */
function hexIn(id: string, start: number, end: number): number {
  let value = 0
  for (let at = start; at < end; at += 1) {
    const code = id.charCodeAt(at)
    value = (value << 4) | (code - (code < 97 ? 48 : 87))
  }
  return value
}

/** x + x² + 2x⁴ + 4x⁸ + ...: what the empty registers tell. */
function sigma(x: number): number {
  if (x === 1) return Number.POSITIVE_INFINITY
  let sum = x
  for (let [power, factor, before] = [x * x, 1, -1]; sum !== before; factor *= 2) {
    before = sum
    sum += power * factor
    power *= power
  }
  return sum
}

/** What the registers that can rise no more tell. */
function tau(x: number): number {
  if (x === 0 || x === 1) return 0
  let sum = 1 - x
  for (let [root, factor, before] = [Math.sqrt(x), 0.5, -1]; sum !== before; factor /= 2) {
    before = sum
    sum -= (1 - root) ** 2 * factor
    root = Math.sqrt(root)
  }
  return sum / 3
}
