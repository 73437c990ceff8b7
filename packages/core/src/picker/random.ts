import type { Selection } from '../servers/selection.js'
import type { Server } from '../servers/server.js'
import type { Draw } from './draw.js'
import { MAX_MISSES } from './misses.js'
import type { Picker } from './picker.js'

/** A server by chance (nginx/semantics 3.6). */
export class RandomOne implements Picker {
  readonly #draw: Draw
  readonly #unlucky: Picker

  /** @param unlucky asked when chance found no server that may take the request. */
  constructor(draw: Draw, unlucky: Picker) {
    this.#draw = draw
    this.#unlucky = unlucky
  }

  pick(selection: Selection, nowS: number): Server | undefined {
    while (selection.misses <= MAX_MISSES) {
      const server = this.#draw.next(nowS)
      if (server !== undefined && selection.admits(server, nowS)) return server
      selection.misses += 1
    }
    return this.#unlucky.pick(selection, nowS)
  }

  charge(): void {}
}
