import type { Pool } from '../servers/pool.js'
import type { Selection } from '../servers/selection.js'
import type { Server } from '../servers/server.js'
import type { Picker } from './picker.js'

/**
 * Keeps the picker inside from overloading a server: none takes a request that would bring it
 * above `loadFactor` times its fair share of the connections, rounded up, and the picker inside
 * goes on to its next choice ("Consistent Hashing with Bounded Loads", Mirrokni et al., 2016).
 */
export class BoundedLoad implements Picker {
  readonly #inner: Picker
  readonly #servers: readonly Server[]
  readonly #loadFactor: number

  /** @param loadFactor 1 or more; from there on some server is always below its bound. */
  constructor(inner: Picker, pool: Pool, loadFactor: number) {
    this.#inner = inner
    this.#servers = pool.primaries
    this.#loadFactor = loadFactor
  }

  pick(selection: Selection, nowS: number): Server | undefined {
    let active = 1
    let weight = 0
    for (const server of this.#servers) {
      if (!selection.admits(server, nowS)) continue
      active += server.active
      weight += server.weight
    }
    // For whole numbers, active + 1 <= ceil(bound) says the same as active < bound.
    selection.loadPerWeight = (this.#loadFactor * active) / weight
    const server = this.#inner.pick(selection, nowS)
    selection.loadPerWeight = Number.POSITIVE_INFINITY
    return server
  }

  charge(): void {}
}
