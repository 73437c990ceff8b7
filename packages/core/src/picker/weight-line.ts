import type { Server } from '../servers/server.js'

/**
 * Servers laid end to end, each as long as its weight, so that a number falls on one of them.
 * Servers that are down keep their stretch: when one comes or goes, no other one's numbers move.
 */
export class WeightLine {
  readonly length: number
  readonly #ends: Uint32Array

  constructor(servers: readonly Server[]) {
    let end = 0
    this.#ends = Uint32Array.from(servers, (server) => {
      end += server.weight
      return end
    })
    this.length = end
  }

  /** The index of the server at `offset`, which is from 0 up to, not including, `length`. */
  at(offset: number): number {
    let low = 0
    let high = this.#ends.length - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      // `middle` is between two indices of the array.
      if ((this.#ends[middle] as number) > offset) high = middle
      else low = middle + 1
    }
    return low
  }
}
