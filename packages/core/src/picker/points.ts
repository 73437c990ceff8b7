import { byteString } from '../kernel/bytes.js'
import { crc32, crc32LittleEndian } from '../kernel/crc32.js'

/** Points of a ring, and whose they are, in two columns. */
export class Points {
  readonly hashes: Uint32Array
  readonly owners: Uint32Array
  length = 0

  constructor(capacity: number) {
    this.hashes = new Uint32Array(capacity)
    this.owners = new Uint32Array(capacity)
  }

  add(hash: number, owner: number): void {
    this.hashes[this.length] = hash
    this.owners[this.length] = owner
    this.length += 1
  }

  /** Adds the points of an address as nginx makes them: each is hashed from the one before. */
  addThoseOf(address: string, count: number, owner: number): void {
    const base = crc32(hostAndPort(address))
    let hash = 0
    for (let left = count; left > 0; left -= 1) {
      hash = crc32LittleEndian(hash, base)
      this.add(hash, owner)
    }
  }

  /** The same points in order, by a radix sort; these here are in no order after it. */
  sorted(): Points {
    let from: Points = this
    let to = new Points(this.length)
    for (let shift = 0; shift < HASH_BITS; shift += DIGIT_BITS) {
      sortByDigit(from, to, shift)
      ;[from, to] = [to, from]
    }
    return from
  }
}

const HASH_BITS = 32
const DIGIT_BITS = 11
const DIGITS = 2 ** DIGIT_BITS

/** Moves the points to `to`, in the order of the digit at `shift` and else in the order they had. */
function sortByDigit(from: Points, to: Points, shift: number): void {
  const { length, hashes, owners } = from
  const { hashes: sortedHashes, owners: sortedOwners } = to
  const places = new Uint32Array(DIGITS)
  const digitOf = (hash: number): number => (hash >>> shift) & (DIGITS - 1)
  for (let i = 0; i < length; i += 1) {
    const digit = digitOf(hashes[i] as number)
    places[digit] = (places[digit] as number) + 1
  }
  let end = 0
  for (let digit = 0; digit < DIGITS; digit += 1) {
    const count = places[digit] as number
    places[digit] = end
    end += count
  }
  for (let i = 0; i < length; i += 1) {
    const hash = hashes[i] as number
    const digit = digitOf(hash)
    const place = places[digit] as number
    places[digit] = place + 1
    sortedHashes[place] = hash
    sortedOwners[place] = owners[i] as number
  }
  to.length = length
}

/** The address as the ring hashes it: host, NUL, port; without a port in figures, all is host. */
function hostAndPort(address: string): string {
  const bytes = byteString(address)
  if (/^unix:/i.test(bytes)) return `${bytes.slice('unix:'.length)}\0`
  const colon = /:\d*$/.exec(bytes)?.index
  return colon === undefined ? `${bytes}\0` : `${bytes.slice(0, colon)}\0${bytes.slice(colon + 1)}`
}
