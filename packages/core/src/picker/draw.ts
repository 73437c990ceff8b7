import type { Random } from '../kernel/random.js'
import type { Server } from '../servers/server.js'
import { WeightLine } from './weight-line.js'

/** Servers by chance, in proportion to their weights. */
export class Draw {
  readonly #servers: readonly Server[]
  readonly #line: WeightLine
  readonly #random: Random

  constructor(servers: readonly Server[], random: Random) {
    this.#servers = servers
    this.#line = new WeightLine(servers)
    this.#random = random
  }

  next(): Server | undefined {
    return this.#servers[this.#line.at(this.#random.below(this.#line.length))]
  }
}
