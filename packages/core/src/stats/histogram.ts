/**
 * Upper bounds of the latency buckets in milliseconds, each inclusive; what is slower falls into
 * one more. Every replica has the same, or their histograms could not be added, so they belong to
 * version 1 of the snapshot. Closest where the median and p99 of web requests lie.
 */
export const latencyBoundsMs: readonly number[] = Object.freeze([
  1, 2, 5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1_000, 2_000, 5_000, 10_000,
  30_000, 60_000,
])

/** A histogram as it travels. */
export interface LatencySnapshot {
  /** Milliseconds. */
  readonly bounds: readonly number[]
  /** How many fell into each bucket, not cumulated; one more than there are bounds. */
  readonly counts: readonly number[]
  /** Of all that was recorded, in milliseconds. */
  readonly sum: number
}

export class LatencyHistogram {
  readonly #counts = new Float64Array(latencyBoundsMs.length + 1)
  #sum = 0

  record(ms: number): void {
    let low = 0
    let high = latencyBoundsMs.length
    while (low < high) {
      const middle = (low + high) >>> 1
      // Both ends lie within the bounds, so `middle` does.
      if ((latencyBoundsMs[middle] as number) < ms) low = middle + 1
      else high = middle
    }
    this.#counts[low] = (this.#counts[low] ?? 0) + 1
    this.#sum += ms
  }

  snapshot(): LatencySnapshot {
    return { bounds: latencyBoundsMs, counts: Array.from(this.#counts), sum: this.#sum }
  }
}

/**
 * Both histograms as one.
 * @throws RangeError where the bounds differ: such counts have no sum.
 */
export function mergeLatency(a: LatencySnapshot, b: LatencySnapshot): LatencySnapshot {
  if (a.bounds.length !== b.bounds.length || a.bounds.some((bound, i) => bound !== b.bounds[i])) {
    throw new RangeError('latency histograms with different bounds cannot be merged')
  }
  return {
    bounds: a.bounds,
    counts: a.counts.map((count, i) => count + (b.counts[i] ?? 0)),
    sum: a.sum + b.sum,
  }
}

/**
 * The latency in milliseconds that a share `q` (0 to 1) of the requests did not exceed, read
 * linearly within its bucket; undefined when nothing was recorded. What is slower than the last
 * bound counts as that bound, the most that is known of it.
 */
export function quantile(histogram: LatencySnapshot, q: number): number | undefined {
  const total = histogram.counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) return undefined
  const rank = q * total
  let below = 0
  let lower = 0
  for (const [i, upper] of histogram.bounds.entries()) {
    const count = histogram.counts[i] ?? 0
    if (count > 0 && below + count >= rank)
      return lower + ((rank - below) / count) * (upper - lower)
    below += count
    lower = upper
  }
  return lower
}
