import type { Pool } from '../servers/pool.js'
import type { Gate, Selection } from '../servers/selection.js'
import type { Server } from '../servers/server.js'
import type { Picker } from './picker.js'

/**
 * Keeps the picker inside from overloading a server: none takes a request that would bring it
 * above `loadFactor` times its fair share of the connections, rounded up, and the picker inside
 * goes on to its next choice ("Consistent Hashing with Bounded Loads", Mirrokni et al., 2016).
 */
export class BoundedLoad implements Picker, Gate {
  readonly #inner: Picker
  readonly #servers: readonly Server[]
  readonly #loadFactor: number
  /** Of the servers that could take the request: connections, the new one included, and weight. */
  #active = 0
  #weight = 0
  /** What the request demanded before. */
  #outer: Gate | undefined

  /** @param loadFactor 1 or more; from there on some server is always below its bound. */
  constructor(inner: Picker, pool: Pool, loadFactor: number) {
    this.#inner = inner
    this.#servers = pool.primaries
    this.#loadFactor = loadFactor
  }

  pick(selection: Selection, nowS: number): Server | undefined {
    this.#active = 1
    this.#weight = 0
    for (const server of this.#servers) {
      if (!selection.admits(server, nowS)) continue
      this.#active += server.active
      this.#weight += server.weight
    }
    this.#outer = selection.gate
    selection.gate = this
    const server = this.#inner.pick(selection, nowS)
    selection.gate = this.#outer
    return server
  }

  charge(): void {}

  passes(server: Server): boolean {
    if (this.#outer !== undefined && !this.#outer.passes(server)) return false
    // In whole numbers active + 1 <= ceil(bound) says the same as active < bound.
    const bound = this.#loadFactor * this.#active * server.weight
    return server.active * this.#weight < bound
  }
}
