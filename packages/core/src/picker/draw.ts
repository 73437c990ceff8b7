import type { Random } from '../kernel/random.js'
import type { Server } from '../servers/server.js'
import { WeightLine } from './weight-line.js'

const ONE = 2 ** 16

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

  /** A server; undefined when chance fell on a part of its weight that is still to grow. */
  next(nowS: number): Server | undefined {
    const server = this.#servers[this.#line.at(this.#random.below(this.#line.length))]
    if (server === undefined || nowS >= server.slowUntil) return server
    return this.#random.below(ONE) < server.warmth(nowS) * ONE ? server : undefined
  }
}
