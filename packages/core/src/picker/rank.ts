/**
 * The servers of one weight, the richest in front and of equals the first of the list. All of them
 * earn alike, so the order holds until one pays: a heap, of which only its front is asked.
 */
export class Rank {
  readonly weight: number
  readonly #slots: number[] = []
  readonly #credits: Float64Array
  readonly #places: Int32Array

  /**
   * @param credits by slot; whoever changes one says so.
   * @param places where to write the place of each slot.
   */
  constructor(weight: number, credits: Float64Array, places: Int32Array) {
    this.weight = weight
    this.#credits = credits
    this.#places = places
  }

  /** The slot of the richest server, -1 when there is none. */
  get front(): number {
    return this.#slots[0] ?? -1
  }

  add(slot: number): void {
    this.#slots.push(slot)
    this.#rise(slot, this.#slots.length - 1)
  }

  remove(slot: number): void {
    const place = this.#places[slot] ?? 0
    const last = this.#slots.pop() ?? slot
    if (last === slot) return
    this.#rise(last, place)
    this.#sink(last, this.#places[last] ?? 0)
  }

  /** The credit of `slot` has become less. */
  paid(slot: number): void {
    this.#sink(slot, this.#places[slot] ?? 0)
  }

  clear(): void {
    this.#slots.length = 0
  }

  #rise(slot: number, from: number): void {
    let place = from
    while (place > 0) {
      const parent = (place - 1) >> 1
      const above = this.#slots[parent] as number
      if (!this.#precedes(slot, above)) break
      this.#put(above, place)
      place = parent
    }
    this.#put(slot, place)
  }

  #sink(slot: number, from: number): void {
    const { length } = this.#slots
    let place = from
    for (;;) {
      let child = 2 * place + 1
      if (child >= length) break
      let below = this.#slots[child] as number
      if (child + 1 < length) {
        const other = this.#slots[child + 1] as number
        if (this.#precedes(other, below)) {
          child += 1
          below = other
        }
      }
      if (!this.#precedes(below, slot)) break
      this.#put(below, place)
      place = child
    }
    this.#put(slot, place)
  }

  #precedes(a: number, b: number): boolean {
    const left = this.#credits[a] as number
    const right = this.#credits[b] as number
    return left > right || (left === right && a < b)
  }

  #put(slot: number, place: number): void {
    this.#slots[place] = slot
    this.#places[slot] = place
  }
}
