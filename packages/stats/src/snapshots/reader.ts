import type { Counts } from '@holdfast/core'

/** A snapshot that is none. It names where it is wrong, and shows nothing of what stood there. */
export class SnapshotFormatError extends Error {
  override readonly name = 'SnapshotFormatError'
  readonly code = 'HOLDFAST_SNAPSHOT'

  constructor(path: string, problem: string) {
    super(`${path} ${problem}`)
  }
}

/** Where an object stands: made to text only when something is wrong there. */
export interface Place {
  readonly parent: Place | undefined
  readonly name: string | number
}

/**
 * Reads fields of an object that came from outside. Only its own properties are looked at, so that
 * `__proto__` and its kin are names like any other.
 */
export class Reader {
  readonly #fields: Readonly<Record<string, unknown>>
  readonly #place: Place

  constructor(value: unknown, place: Place) {
    if (!isFields(value)) throw new SnapshotFormatError(textOf(place), 'is no object')
    this.#fields = value
    this.#place = place
  }

  has(name: string): boolean {
    return this.#at(name) !== undefined
  }

  isNull(name: string): boolean {
    return this.#at(name) === null
  }

  text(name: string, longest: number): string {
    const value = this.#at(name)
    if (typeof value !== 'string') throw this.error(name, 'is no text')
    if (value.length > longest) throw this.error(name, `is longer than ${longest} characters`)
    return value
  }

  flag(name: string): boolean {
    const value = this.#at(name)
    if (typeof value !== 'boolean') throw this.error(name, 'is neither true nor false')
    return value
  }

  /** What may be counted or measured: finite, not negative, and exact. */
  amount(name: string): number {
    const value = this.#at(name)
    if (!isAmount(value)) throw this.error(name, 'is no amount')
    return value
  }

  oneOf<const T extends string>(name: string, values: readonly T[]): T {
    const value = this.#at(name)
    for (const known of values) if (known === value) return known
    throw this.error(name, `is none of ${values.join(', ')}`)
  }

  /** Amounts by names that are known. */
  amounts<const Name extends string>(name: string, names: readonly Name[]): Counts<Name> {
    const inner = this.object(name)
    const amounts = {} as Record<Name, number>
    for (const one of names) amounts[one] = inner.amount(one)
    return amounts
  }

  /** A list of amounts, of exactly this length where one is given. */
  amountList(name: string, most: number, exactly = false): readonly number[] {
    const value = this.#list(name, most)
    if (exactly && value.length !== most) throw this.error(name, `has not ${most} elements`)
    if (!value.every(isAmount)) throw this.error(name, 'has an element that is no amount')
    return value
  }

  object(name: string): Reader {
    return new Reader(this.#at(name), { parent: this.#place, name })
  }

  names(): readonly string[] {
    return Object.keys(this.#fields)
  }

  list<T>(name: string, most: number, read: (item: Reader) => T): readonly T[] {
    return Array.from(this.items(name, most), read)
  }

  /**
   * The objects of a list, each read when it is asked for; that it is a list is seen at once.
   * @param open makes the object of what stands in the list.
   */
  items(name: string, most: number, open = (item: unknown): unknown => item): Iterable<Reader> {
    const [items, parent] = [this.#list(name, most), { parent: this.#place, name }]
    return (function* () {
      for (const [i, item] of items.entries()) yield new Reader(open(item), { parent, name: i })
    })()
  }

  error(name: string, problem: string): SnapshotFormatError {
    return new SnapshotFormatError(textOf({ parent: this.#place, name }), problem)
  }

  #list(name: string, most: number): readonly unknown[] {
    const value = this.#at(name)
    if (!Array.isArray(value)) throw this.error(name, 'is no list')
    if (value.length > most) throw this.error(name, `has more than ${most} elements`)
    return value
  }

  #at(name: string): unknown {
    return Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined
  }
}

export function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOf({ parent, name }: Place): string {
  if (parent === undefined) return String(name)
  return typeof name === 'number' ? `${textOf(parent)}[${name}]` : `${textOf(parent)}.${name}`
}
