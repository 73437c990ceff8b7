import type { Random } from '../kernel/random.js'

// A name server that says 0 means "do not keep this", not "ask without a pause".
const SHORTEST_MS = 1_000

/** Replicas that began together spread out over so much of each interval. */
const JITTER = 0.1

/**
 * How long to wait before a name is looked up again: until its answer is stale, but at most
 * `resolveMs`, on which `settle` relies, and no less than a second or `resolveMs`.
 * @param ttlMs what the answer says of itself, if it does.
 */
export function nextLookupMs(ttlMs: number | undefined, resolveMs: number, random: Random): number {
  const shortest = Math.min(SHORTEST_MS, resolveMs)
  const wanted = Math.min(Math.max(ttlMs ?? resolveMs, shortest), resolveMs)
  return Math.round(wanted * (1 - JITTER * chance(random)))
}

const FIRST_PAUSE_MS = 1_000
export const LONGEST_PAUSE_MS = 30_000

/**
 * How long to wait before a source that failed is started again: a second, doubled with every
 * failure in a row up to half a minute, less up to half of it by chance.
 * @param failures in a row, this one included.
 */
export function restartMs(failures: number, random: Random): number {
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS)
  return Math.round(pause * (1 - chance(random) / 2))
}

const STEPS = 1_000

function chance(random: Random): number {
  return random.below(STEPS) / STEPS
}
