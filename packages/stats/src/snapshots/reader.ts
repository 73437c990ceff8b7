/** A snapshot that is none. It names where it is wrong, and shows nothing of what stood there. */
export class SnapshotFormatError extends Error {
  override readonly name = 'SnapshotFormatError'
  readonly code = 'HOLDFAST_SNAPSHOT'

  constructor(path: string, problem: string) {
    super(`${path} ${problem}`)
  }
}

/**
 * Reads fields of an object that came from outside. Only its own properties are looked at, so that
 * `__proto__` and its kin are names like any other.
 */
export class Reader {
  readonly #fields: object
  readonly #path: string

  constructor(value: unknown, path: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new SnapshotFormatError(path, 'is no object')
    }
    this.#fields = value
    this.#path = path
  }

  has(name: string): boolean {
    return this.#at(name) !== undefined
  }

  isNull(name: string): boolean {
    return this.#at(name) === null
  }

  text(name: string, longest: number): string {
    const value = this.#at(name)
    if (typeof value !== 'string') throw this.#error(name, 'is no text')
    if (value.length > longest) throw this.#error(name, `is longer than ${longest} characters`)
    return value
  }

  flag(name: string): boolean {
    const value = this.#at(name)
    if (typeof value !== 'boolean') throw this.#error(name, 'is neither true nor false')
    return value
  }

  /** What may be counted or measured: finite, not negative, and exact. */
  amount(name: string): number {
    const value = this.#at(name)
    if (!isAmount(value)) throw this.#error(name, 'is no amount')
    return value
  }

  oneOf<const T extends string>(name: string, values: readonly T[]): T {
    const value = this.#at(name)
    const known = values.find((one) => one === value)
    if (known === undefined) throw this.#error(name, `is none of ${values.join(', ')}`)
    return known
  }

  /** An optional amount as it is spread into an object. */
  amountIfAny<const Name extends string>(name: Name): { readonly [key in Name]?: number } {
    // Computed keys widen to string, which is all that the assertion takes back.
    return this.has(name) ? ({ [name]: this.amount(name) } as { [key in Name]: number }) : {}
  }

  /** Amounts by names that are known. */
  amounts<const Name extends string>(
    name: string,
    names: readonly Name[],
  ): { readonly [key in Name]: number } {
    const inner = this.object(name)
    const entries = names.map((one) => [one, inner.amount(one)] as const)
    return Object.fromEntries(entries) as { [key in Name]: number }
  }

  object(name: string): Reader {
    return new Reader(this.#at(name), this.#of(name))
  }

  names(): readonly string[] {
    return Object.keys(this.#fields)
  }

  list<T>(name: string, most: number, read: (item: unknown, path: string) => T): readonly T[] {
    const value = this.#at(name)
    if (!Array.isArray(value)) throw this.#error(name, 'is no list')
    if (value.length > most) throw this.#error(name, `has more than ${most} elements`)
    return value.map((item: unknown, index) => read(item, `${this.#of(name)}[${index}]`))
  }

  #at(name: string): unknown {
    return Object.hasOwn(this.#fields, name) ? Reflect.get(this.#fields, name) : undefined
  }

  #of(name: string): string {
    return `${this.#path}.${name}`
  }

  #error(name: string, problem: string): SnapshotFormatError {
    return new SnapshotFormatError(this.#of(name), problem)
  }
}

export function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER
}
