import type { Selection } from '../servers/selection.js'
import type { Server } from '../servers/server.js'
import type { Draw } from './draw.js'
import { compareLoad } from './load.js'
import { MAX_MISSES } from './misses.js'
import type { Picker } from './picker.js'

/** Of two servers by chance the one with fewer connections for its weight (nginx/semantics 3.6). */
export class RandomTwo implements Picker {
  readonly #draw: Draw
  readonly #unlucky: Picker

  /** @param unlucky asked when chance found no two servers that may take the request. */
  constructor(draw: Draw, unlucky: Picker) {
    this.#draw = draw
    this.#unlucky = unlucky
  }

  pick(selection: Selection, nowS: number): Server | undefined {
    let first: Server | undefined
    while (selection.misses <= MAX_MISSES) {
      const server = this.#draw.next(nowS)
      if (server === undefined || server === first || !selection.admits(server, nowS)) {
        selection.misses += 1
      } else if (first === undefined) {
        first = server
      } else {
        return compareLoad(server, first, nowS) > 0 ? first : server
      }
    }
    return this.#unlucky.pick(selection, nowS)
  }

  charge(): void {}
}
