import { Points } from './points.js'

/** A point that another address has; it comes forth when that one goes. */
export interface HiddenPoint {
  readonly hash: number
  readonly owner: number
}

/**
 * The points of a ring and those that are added as one ring, in which every hash is there once:
 * where several owners meet the first has it.
 * @param kept in order, with the owners' places in the ring that they come from.
 * @param places where those owners stand now; -1 for one that is gone.
 * @param added in order.
 */
export function merge(
  kept: Points,
  places: Int32Array,
  added: Points,
): { readonly points: Points; readonly hidden: readonly HiddenPoint[] } {
  const points = new Points(kept.length + added.length)
  const hidden: HiddenPoint[] = []
  const take = (hash: number, owner: number): void => {
    const last = points.length - 1
    if (last < 0 || points.hashes[last] !== hash) {
      points.add(hash, owner)
      return
    }
    const rival = points.owners[last] as number
    points.owners[last] = Math.min(rival, owner)
    hidden.push({ hash, owner: Math.max(rival, owner) })
  }
  let next = 0
  for (let i = 0; i < kept.length; i += 1) {
    const owner = places[kept.owners[i] as number] as number
    if (owner < 0) continue
    const hash = kept.hashes[i] as number
    for (; next < added.length && (added.hashes[next] as number) < hash; next += 1) {
      take(added.hashes[next] as number, added.owners[next] as number)
    }
    take(hash, owner)
  }
  for (; next < added.length; next += 1) {
    take(added.hashes[next] as number, added.owners[next] as number)
  }
  return { points, hidden }
}
