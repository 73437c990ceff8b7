import { byteString } from '../kernel/bytes.js'
import { crc32, crc32LittleEndian } from '../kernel/crc32.js'
import type { Server } from '../servers/server.js'

const POINTS_A_WEIGHT = 160

// A hash and the index of its owner share one double: 32 + 20 bits of the 53 that are exact.
const OWNERS = 2 ** 20

/**
 * The ketama ring of nginx and Cache::Memcached::Fast (nginx/semantics 3.3): points on a circle
 * of 2^32, each owned by an address. It depends on the set of servers, not on their order.
 */
export class Ring {
  readonly size: number
  readonly #hashes: Uint32Array
  readonly #owners: Uint32Array
  readonly #groups: ReadonlyArray<readonly Server[]>

  constructor(servers: readonly Server[]) {
    this.#groups = byAddress(servers)
    const points = sortedPoints(this.#groups)
    this.#hashes = new Uint32Array(points.length)
    this.#owners = new Uint32Array(points.length)
    let size = 0
    for (const point of points) {
      const hash = Math.floor(point / OWNERS)
      if (size > 0 && hash === this.#hashes[size - 1]) continue
      this.#hashes[size] = hash
      this.#owners[size] = point % OWNERS
      size += 1
    }
    this.size = size
  }

  /** The index of the first point at or after `hash`, going round at the end. */
  locate(hash: number): number {
    let low = 0
    let high = this.size
    while (low < high) {
      const middle = (low + high) >>> 1
      // `middle` is below `size`.
      if ((this.#hashes[middle] as number) < hash) low = middle + 1
      else high = middle
    }
    return low === this.size ? 0 : low
  }

  hashAt(index: number): number {
    return this.#hashes[index] ?? 0
  }

  /** The servers that own a point: one, unless several share one address. */
  serversAt(index: number): readonly Server[] {
    return this.#groups[this.#owners[index] ?? 0] ?? []
  }
}

/** Servers by address, in the order of the addresses, so that any list yields the same ring. */
function byAddress(servers: readonly Server[]): Server[][] {
  const groups = new Map<string, Server[]>()
  for (const server of servers) {
    const group = groups.get(server.address)
    if (group === undefined) groups.set(server.address, [server])
    else group.push(server)
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group)
}

function sortedPoints(groups: ReadonlyArray<readonly Server[]>): Float64Array {
  // Equal addresses make equal points, so the heaviest of a group covers the others'.
  const counts = groups.map((group) => POINTS_A_WEIGHT * Math.max(...group.map((s) => s.weight)))
  const points = new Float64Array(counts.reduce((sum, count) => sum + count, 0))
  let used = 0
  groups.forEach(([server], owner) => {
    const base = server === undefined ? 0 : crc32(hostAndPort(server.address))
    let hash = 0
    for (let left = counts[owner] ?? 0; left > 0; left -= 1) {
      hash = crc32LittleEndian(hash, base)
      points[used] = hash * OWNERS + owner
      used += 1
    }
  })
  return points.sort()
}

/** The address as the ring hashes it: host, NUL, port; without a port in figures, all is host. */
function hostAndPort(address: string): string {
  const bytes = byteString(address)
  if (/^unix:/i.test(bytes)) return `${bytes.slice('unix:'.length)}\0`
  const colon = /:\d*$/.exec(bytes)?.index
  return colon === undefined ? `${bytes}\0` : `${bytes.slice(0, colon)}\0${bytes.slice(colon + 1)}`
}
