import type { Server } from '../servers/server.js'
import { type HiddenPoint, merge } from './merge.js'
import { Points } from './points.js'

const POINTS_A_WEIGHT = 160

/** The servers of one address, and how many points they have together. */
interface Group {
  readonly address: string
  readonly servers: readonly Server[]
  readonly count: number
}

/** Makes the rings of one upstream, each from the one before. */
export class Rings {
  #latest: Ring | undefined

  ringOf(servers: readonly Server[]): Ring {
    this.#latest = new Ring(servers, this.#latest)
    return this.#latest
  }
}

/** What a ring is made of. */
interface Layout {
  readonly groups: readonly Group[]
  readonly points: Points
  readonly hidden: readonly HiddenPoint[]
  /** By the leading bits of a hash: the first point that has them, or comes after. */
  readonly starts: Uint32Array
}

/**
 * The ketama ring of nginx and Cache::Memcached::Fast (nginx/semantics 3.3): points on a circle
 * of 2^32, each owned by an address. It depends on the set of servers, and neither on their order
 * nor on a ring before it: that one saves hashing and sorting what has stayed.
 */
export class Ring {
  readonly #layout: Layout

  constructor(servers: readonly Server[], before?: Ring) {
    this.#layout = layOut(byAddress(servers), before === undefined ? nothing() : before.#layout)
  }

  get size(): number {
    return this.#layout.points.length
  }

  /** The index of the first point at or after `hash`, going round at the end. */
  locate(hash: number): number {
    const { starts, points } = this.#layout
    const { hashes, length } = points
    // Points are spread evenly, so few have the same leading bits.
    let index = starts[hash >>> shiftFor(length)] ?? 0
    while (index < length && (hashes[index] as number) < hash) index += 1
    return index === length ? 0 : index
  }

  hashAt(index: number): number {
    return this.#layout.points.hashes[index] ?? 0
  }

  /** The servers that own a point: one, unless several share one address. */
  serversAt(index: number): readonly Server[] {
    const { groups, points } = this.#layout
    return groups[points.owners[index] ?? 0]?.servers ?? []
  }
}

function nothing(): Layout {
  return { groups: [], points: new Points(0), hidden: [], starts: new Uint32Array(0) }
}

function layOut(groups: readonly Group[], before: Layout): Layout {
  const places = placesNow(before.groups, groups)
  const joined = without(groups, places)
  if (joined.length === 0 && places.every((now, was) => now === was)) return { ...before, groups }
  const added = pointsOf(joined, groups, before.hidden, places)
  const { points, hidden } = merge(before.points, places, added)
  return { groups, points, hidden, starts: startsOf(points) }
}

/** Servers by address, in the order of the addresses, so that any list yields the same ring. */
function byAddress(servers: readonly Server[]): readonly Group[] {
  const groups = new Map<string, Server[]>()
  for (const server of servers) {
    const group = groups.get(server.address)
    if (group === undefined) groups.set(server.address, [server])
    else group.push(server)
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([address, group]) => ({
      address,
      servers: group,
      // Equal addresses make equal points, so the heaviest of a group covers the others'.
      count: POINTS_A_WEIGHT * Math.max(...group.map(({ weight }) => weight)),
    }))
}

/** Where the groups of the ring before stand now; -1 for one that is gone, or has other points. */
function placesNow(before: readonly Group[], now: readonly Group[]): Int32Array {
  const places = new Map(now.map(({ address }, place) => [address, place]))
  return Int32Array.from(before, ({ address, count }) => {
    const place = places.get(address) ?? -1
    return now[place]?.count === count ? place : -1
  })
}

/** The places of the groups that `places` does not lead to. */
function without(groups: readonly Group[], places: Int32Array): readonly number[] {
  const known = new Set(places)
  return [...groups.keys()].filter((place) => !known.has(place))
}

/** The points of those that have joined, and what was hidden of those that have stayed, in order. */
function pointsOf(
  joined: readonly number[],
  groups: readonly Group[],
  hidden: readonly HiddenPoint[],
  places: Int32Array,
): Points {
  const countOf = (place: number): number => groups[place]?.count ?? 0
  const points = new Points(joined.reduce((sum, place) => sum + countOf(place), hidden.length))
  for (const place of joined) {
    points.addThoseOf(groups[place]?.address ?? '', countOf(place), place)
  }
  for (const { hash, owner } of hidden) {
    const place = places[owner] ?? -1
    if (place >= 0) points.add(hash, place)
  }
  return points.sorted()
}

/** How many bits to leave of a hash, so that about as many remain as there are points. */
function shiftFor(points: number): number {
  return Math.min(31, Math.clz32(points))
}

function startsOf({ hashes, length }: Points): Uint32Array {
  const shift = shiftFor(length)
  const starts = new Uint32Array(2 ** (32 - shift))
  let bits = 0
  for (let index = 0; index < length; index += 1) {
    const leading = (hashes[index] as number) >>> shift
    for (; bits <= leading; bits += 1) starts[bits] = index
  }
  return starts.fill(length, bits)
}
