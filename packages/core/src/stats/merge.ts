import { mergeLatency } from './histogram.js'
import type { AffinitySnapshot, Counts, ServerTotals } from './snapshot.js'

/** One server's totals on two replicas, or groups of them, together. */
export function mergeTotals(a: ServerTotals, b: ServerTotals): ServerTotals {
  return {
    active: a.active + b.active,
    tunnels: a.tunnels + b.tunnels,
    attempts: a.attempts + b.attempts,
    retries: a.retries + b.retries,
    requests: a.requests + b.requests,
    responses: addCounts(a.responses, b.responses),
    fails: addCounts(a.fails, b.fails),
    ejections: a.ejections + b.ejections,
    ejectionsDetected: detected(a) + detected(b),
    latency: mergeLatency(a.latency, b.latency),
    bytes: addCounts(a.bytes, b.bytes),
  }
}

function detected({ ejections, ejectionsDetected = ejections }: ServerTotals): number {
  return ejectionsDetected
}

export function mergeAffinity(a: AffinitySnapshot, b: AffinitySnapshot): AffinitySnapshot {
  return {
    kept: a.kept + b.kept,
    new: a.new + b.new,
    moved: addCounts(a.moved, b.moved),
    none: a.none + b.none,
  }
}

// Through a Map, because names of reasons come from other replicas and may be `__proto__`.
function addCounts<Key extends string>(a: Counts<Key>, b: Counts<Key>): Counts<Key> {
  const sums = new Map<string, number>(Object.entries(a))
  for (const [key, count] of Object.entries<number>(b)) sums.set(key, (sums.get(key) ?? 0) + count)
  return Object.fromEntries(sums) as Record<Key, number>
}
