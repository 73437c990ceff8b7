import { SessionSketch } from './sketch.js'

const SLOTS = 4

/**
 * The sessions that were here within a window of time, or up to a third longer: what is left of
 * them while a server drains. It rotates through sketches, since a sketch cannot forget.
 */
export class SessionWindow {
  readonly #slotS: number
  #slots: SessionSketch[] = []
  #slot = 0
  #united = new SessionSketch()
  #text: string | undefined

  /** @param windowS in seconds. */
  constructor(windowS: number) {
    this.#slotS = Math.max(1, Math.ceil(windowS / (SLOTS - 1)))
  }

  /** @returns until when seeing it again would change nothing. */
  see(id: string, nowS: number): number {
    this.#turn(nowS)
    const newest = this.#slots[0] ?? new SessionSketch()
    this.#slots[0] = newest
    // What the newest slot has seen is united already: the common case costs one look.
    if (newest.add(id) && this.#united.add(id)) this.#text = undefined
    return (this.#slot + 1) * this.#slotS
  }

  toText(nowS: number): string {
    this.#turn(nowS)
    this.#text ??= this.#united.toText()
    return this.#text
  }

  #turn(nowS: number): void {
    const slot = Math.floor(nowS / this.#slotS)
    const passed = Math.min(slot - this.#slot, SLOTS)
    this.#slot = slot
    if (passed <= 0 || this.#slots.length === 0) return
    for (let turns = passed; turns > 0; turns -= 1) this.#slots.unshift(new SessionSketch())
    this.#slots.length = Math.min(this.#slots.length, SLOTS)
    this.#united.clear()
    for (const sketch of this.#slots) this.#united.unite(sketch)
    this.#text = undefined
  }
}
