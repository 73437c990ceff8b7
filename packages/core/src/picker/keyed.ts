import type { Selection } from '../servers/selection.js'
import type { Server } from '../servers/server.js'
import type { Picker } from './picker.js'

/** Hashes the requests that have a key, and leaves the others to another picker, as nginx does. */
export class Keyed implements Picker {
  readonly #hashing: Picker
  readonly #keyless: Picker

  constructor(hashing: Picker, keyless: Picker) {
    this.#hashing = hashing
    this.#keyless = keyless
  }

  pick(selection: Selection, nowS: number): Server | undefined {
    return (selection.key === '' ? this.#keyless : this.#hashing).pick(selection, nowS)
  }

  charge(): void {}
}
