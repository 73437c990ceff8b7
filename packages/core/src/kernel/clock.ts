import { performance } from 'node:perf_hooks'

/**
 * Time, as the core sees it. Durations and health use the monotonic clock; only cookies, whose
 * times other replicas read, use the wall clock.
 */
export interface Clock {
  /** Monotonic time in milliseconds from an arbitrary start. */
  now(): number
  /** Wall time in milliseconds since 1970. */
  wall(): number
}

/** The process's own clocks. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
}

/** What happens later, as the core sees it. */
export interface Timers {
  /** Calls `fn` once, `ms` from now; the returned function prevents that, at any time. */
  after(ms: number, fn: () => void): () => void
}

/** The process's own timers, which do not keep it alive. */
export const systemTimers: Timers = {
  after(ms, fn) {
    const timer = setTimeout(fn, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
