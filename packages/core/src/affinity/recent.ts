/**
 * Remembers what was looked up of late, within bounds: two generations, the older of which is
 * dropped whole when the younger is full. No entry is ever moved or deleted on its own, which is
 * what makes it cheap.
 */
export class Recent<T> {
  readonly #generation: number
  #young = new Map<string, T>()
  #old = new Map<string, T>()

  /** @param capacity entries at most. */
  constructor(capacity: number) {
    this.#generation = Math.ceil(capacity / 2)
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(key: string): T | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    return this.#old.get(key)
  }

  set(key: string, value: T): void {
    if (this.#young.size >= this.#generation) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, value)
  }

  clear(): void {
    this.#young = new Map()
    this.#old = new Map()
  }
}
