import { SessionSketch } from '@holdfast/core'
import { History } from './history.js'
import type { Life, Report } from './life.js'
import { errorsOf, quantilesOf, type Row, requestsOf, SERVER_COLUMNS } from './rows.js'
import { growthIn, SLOT_MS, type Stretch, Track } from './track.js'

const SERVER_HISTORY = {
  requestsPerSecond: 'mean',
  errorsPerSecond: 'mean',
  p50: 'mean',
  p99: 'peak',
  sessions: 'mean',
} as const

export type ServerHistory = History<keyof typeof SERVER_HISTORY>

/** One server of an upstream over all replicas. */
export class MergedServer {
  readonly id: string
  readonly track: Track = new Track(SERVER_COLUMNS)
  readonly reports: Map<Life, Report> = new Map()
  readonly history: ServerHistory = new History(SERVER_HISTORY)
  /** When a replica last had it. */
  seenMs = 0

  #sessions: number | null = null
  #sessionsAreStale = true

  constructor(id: string) {
    this.id = id
  }

  report(life: Life, report: Report): void {
    const before = this.reports.get(life)
    this.seenMs = life.seenMs
    if (before === report) return
    this.reports.set(life, report)
    if (before?.sessions !== report.sessions) this.#sessionsAreStale = true
  }

  forget(life: Life): void {
    if (this.reports.delete(life)) this.#sessionsAreStale = true
  }

  /** The sessions of all replicas, each once, as they were last counted; null if unknown. */
  get sessions(): number | null {
    return this.#sessions
  }

  /** Counts the sessions if they have changed. @returns how many sketches that united. */
  countSessions(): number {
    if (!this.#sessionsAreStale) return 0
    this.#sessionsAreStale = false
    const sketch = new SessionSketch()
    let united = 0
    for (const { sessions } of this.reports.values()) {
      if (sessions !== null && sketch.uniteText(sessions)) united += 1
    }
    this.#sessions = united === 0 ? null : Math.round(sketch.estimate())
    return Math.max(1, united)
  }

  /** @param gap nobody was heard: the past has a hole here. */
  sample(nowMs: number, gap: boolean): void {
    const slot = this.track.slot(nowMs)
    this.track.sample(nowMs)
    if (gap) return
    const { p50, p99 } = latencyView(slot && growthIn(slot))
    this.history.write(nowMs - SLOT_MS / 2, {
      requestsPerSecond: rate(slot, requestsOf),
      errorsPerSecond: rate(slot, errorsOf),
      p50,
      p99,
      sessions: this.#sessions,
    })
  }
}

/** Milliseconds to a tenth; null while nothing was measured. */
export interface LatencyView {
  readonly p50: number | null
  readonly p90: number | null
  readonly p99: number | null
}

/** How it goes now: rates over the last 10 s, quantiles over the last minute. */
export interface RecentView {
  readonly requestsPerSecond: number | null
  readonly errorsPerSecond: number | null
  readonly latencyMs: LatencyView
}

const RATE_S = 10
const QUANTILE_S = 60

/** @param isStale nobody is heard: 0 a second would be a lie. */
export function recentOf(track: Track, nowMs: number, isStale: boolean): RecentView {
  if (isStale) {
    return { requestsPerSecond: null, errorsPerSecond: null, latencyMs: latencyView(undefined) }
  }
  const rates = track.since(RATE_S, nowMs)
  const minute = track.since(QUANTILE_S, nowMs)
  return {
    requestsPerSecond: rate(rates, requestsOf),
    errorsPerSecond: rate(rates, errorsOf),
    latencyMs: latencyView(minute && growthIn(minute)),
  }
}

/** @param count of a row, linear, so that growth need not be worked out for it. */
export function rate(stretch: Stretch | undefined, count: (row: Row) => number): number | null {
  if (stretch === undefined) return null
  const { before, after, seconds } = stretch
  return round((count(after) - count(before)) / seconds, 100)
}

const QUANTILES = [0.5, 0.9, 0.99]

export function latencyView(row: Row | undefined): LatencyView {
  const [p50, p90, p99] = row === undefined ? [] : quantilesOf(row, QUANTILES)
  return { p50: tenths(p50), p90: tenths(p90), p99: tenths(p99) }
}

function tenths(ms: number | undefined): number | null {
  return ms === undefined ? null : round(ms, 10)
}

function round(value: number, parts: number): number {
  return Math.round(value * parts) / parts
}
