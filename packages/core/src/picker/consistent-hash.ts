import { crc32 } from '../kernel/crc32.js'
import type { Pool } from '../servers/pool.js'
import type { Selection } from '../servers/selection.js'
import type { Server } from '../servers/server.js'
import { MAX_MISSES } from './misses.js'
import type { Picker } from './picker.js'
import { type Ring, Rings } from './ring.js'
import { smoothPass } from './smooth.js'

/**
 * nginx's `hash ... consistent` (nginx/semantics 3.3): a server that comes or goes moves its own
 * keys only. The request must have a key.
 */
export class ConsistentHash implements Picker {
  readonly #servers: readonly Server[]
  readonly #ring: Ring

  /** @param rings those of the same upstream, which save work. */
  constructor(pool: Pool, rings: Rings = new Rings()) {
    this.#servers = pool.primaries
    this.#ring = rings.ringOf(pool.primaries)
  }

  pick(selection: Selection, nowS: number): Server | undefined {
    const ring = this.#ring
    // The hash and not the index is kept for the next attempt, which may see another ring.
    let index = ring.locate(selection.point < 0 ? crc32(selection.key) : selection.point)
    for (let looks = 0; looks < ring.size; looks += 1) {
      const server = smoothPass(ring.serversAt(index), selection, nowS)
      if (server !== undefined) {
        selection.point = ring.hashAt(index)
        return server
      }
      // nginx turns to round robin here, but then replicas would disagree: go on, unless the
      // whole ring would be walked for nothing.
      if (looks === MAX_MISSES && !this.#anyAdmitted(selection, nowS)) break
      index = index + 1 === ring.size ? 0 : index + 1
    }
    return undefined
  }

  charge(): void {}

  #anyAdmitted(selection: Selection, nowS: number): boolean {
    for (const server of this.#servers) if (selection.admits(server, nowS)) return true
    return false
  }
}
