import type { Pool } from '../servers/pool.js'
import type { Selection } from '../servers/selection.js'
import type { Server } from '../servers/server.js'
import { MAX_MISSES } from './misses.js'
import type { Picker } from './picker.js'
import { WeightLine } from './weight-line.js'

/** Takes the request's running hash one step further. */
export type Step = (selection: Selection) => void

/**
 * What `hash` and `ip-hash` share: the running hash falls on a server by weight, and while that
 * one may not take the request the hash is taken a step further (nginx/semantics 3.2, 3.4).
 */
export class Rehashing implements Picker {
  readonly #servers: readonly Server[]
  readonly #line: WeightLine
  readonly #step: Step

  constructor(pool: Pool, step: Step) {
    this.#servers = pool.primaries
    this.#line = new WeightLine(pool.primaries)
    this.#step = step
  }

  pick(selection: Selection, nowS: number): Server | undefined {
    while (selection.misses <= MAX_MISSES) {
      this.#step(selection)
      const server = this.#servers[this.#landing(selection)]
      if (server !== undefined && selection.admits(server, nowS)) return server
      selection.misses += 1
    }
    return this.#next(selection, nowS)
  }

  charge(): void {}

  /**
   * The next server of the list that may take the request. nginx turns to round robin here, but
   * then two replicas would send one key to two servers.
   */
  #next(selection: Selection, nowS: number): Server | undefined {
    const count = this.#servers.length
    const landing = this.#landing(selection)
    for (let ahead = 1; ahead <= count; ahead += 1) {
      const server = this.#servers[(landing + ahead) % count]
      if (server !== undefined && selection.admits(server, nowS)) return server
    }
    return undefined
  }

  #landing(selection: Selection): number {
    return this.#line.at(selection.hash % this.#line.length)
  }
}
