import {
  type AffinitySnapshot,
  type Counts,
  type LatencySnapshot,
  latencyBoundsMs,
  type ServerSnapshot,
  type ServerTotals,
} from '@holdfast/core'
import { failKinds, moveReasons, OTHER_REASON, statusClasses } from '../snapshots/vocabulary.js'

/**
 * Counters as a row of numbers, each of which only grows: what is added up, compared and kept over
 * time is then one loop over a row, whatever the columns mean. There are thousands of rows a
 * second, so these are plain loops.
 */
export type Row = Float64Array

/** The part of a server's snapshot that only grows. */
export type ServerCounts = Omit<ServerTotals, 'active' | 'tunnels' | 'ejectionsDetected'> & {
  readonly ejectionsDetected: number
}

const REQUESTS = 0
const ATTEMPTS = 1
const RETRIES = 2
const EJECTIONS = 3
const DETECTED = 4
const RESPONSES = 5
const FAILS = RESPONSES + statusClasses.length
const BYTES_IN = FAILS + failKinds.length
const BYTES_OUT = BYTES_IN + 1
const LATENCY_SUM = BYTES_OUT + 1
const LATENCY = LATENCY_SUM + 1

export const SERVER_COLUMNS: number = LATENCY + latencyBoundsMs.length + 1

export function serverRow(
  server: ServerSnapshot,
  row: Row = new Float64Array(SERVER_COLUMNS),
): Row {
  row[REQUESTS] = server.requests
  row[ATTEMPTS] = server.attempts
  row[RETRIES] = server.retries
  row[EJECTIONS] = server.ejections
  row[DETECTED] = server.ejectionsDetected ?? server.ejections
  fill(row, RESPONSES, statusClasses, server.responses)
  fill(row, FAILS, failKinds, server.fails)
  row[BYTES_IN] = server.bytes.in
  row[BYTES_OUT] = server.bytes.out
  row[LATENCY_SUM] = server.latency.sum
  row.set(server.latency.counts, LATENCY)
  return row
}

export function serverCounts(row: Row): ServerCounts {
  return {
    requests: at(row, REQUESTS),
    attempts: at(row, ATTEMPTS),
    retries: at(row, RETRIES),
    ejections: at(row, EJECTIONS),
    ejectionsDetected: at(row, DETECTED),
    responses: named(row, RESPONSES, statusClasses),
    fails: named(row, FAILS, failKinds),
    bytes: { in: at(row, BYTES_IN), out: at(row, BYTES_OUT) },
    latency: latencyOf(row),
  }
}

export function latencyOf(row: Row): LatencySnapshot {
  const counts = Array.from(row.subarray(LATENCY))
  return { bounds: latencyBoundsMs, counts, sum: at(row, LATENCY_SUM) }
}

export function requestsOf(row: Row): number {
  return at(row, REQUESTS)
}

export function ejectionsOf(row: Row): number {
  return at(row, EJECTIONS)
}

/** Attempts that the server failed, and answers that say so themselves. */
export function errorsOf(row: Row): number {
  return sum(row, FAILS, BYTES_IN) + at(row, RESPONSES + statusClasses.indexOf('5xx'))
}

/** Of an upstream's affinity: kept, new, none, and moved by reason. */
const REASONS: readonly string[] = [...moveReasons, OTHER_REASON]
const KEPT = 0
const NEW = 1
const NONE = 2
const MOVED = 3

export const AFFINITY_COLUMNS: number = MOVED + REASONS.length

export function affinityRow(affinity: AffinitySnapshot): Row {
  const row = new Float64Array(AFFINITY_COLUMNS)
  const moved = new Map(Object.entries(affinity.moved))
  row[KEPT] = affinity.kept
  row[NEW] = affinity.new
  row[NONE] = affinity.none
  for (const [i, reason] of REASONS.entries()) row[MOVED + i] = moved.get(reason) ?? 0
  return row
}

/** Every known reason is there, at 0 if it never occurred; `other` only where it did. */
export function affinityCounts(row: Row): AffinitySnapshot {
  const moved: Record<string, number> = {}
  for (const [i, reason] of REASONS.entries()) {
    const count = at(row, MOVED + i)
    if (reason !== OTHER_REASON || count > 0) moved[reason] = count
  }
  return { kept: at(row, KEPT), new: at(row, NEW), none: at(row, NONE), moved }
}

export function movedOf(row: Row): number {
  return sum(row, MOVED, AFFINITY_COLUMNS)
}

/**
 * By how much a row has grown since `before`, column by column and never less than 0. Where one of
 * the first two, which count everything, has gone back, the row began anew: what it says now is
 * what it has grown by.
 * @param scratch where the answer is written; it is not always what is returned.
 */
export function growth(before: Row | undefined, now: Row, scratch?: Row): Row {
  if (before === undefined || at(now, 0) < at(before, 0) || at(now, 1) < at(before, 1)) return now
  const grown = difference(before, now, scratch)
  for (let i = 0; i < grown.length; i += 1) if (at(grown, i) < 0) grown[i] = 0
  return grown
}

export function hasShrunk(before: Row | undefined, now: Row): boolean {
  if (before === undefined) return false
  for (let i = 0; i < now.length; i += 1) if (at(now, i) < at(before, i)) return true
  return false
}

export function difference(before: Row, now: Row, row: Row = new Float64Array(now.length)): Row {
  for (let i = 0; i < row.length; i += 1) row[i] = at(now, i) - at(before, i)
  return row
}

export function addTo(total: Row, row: Row): void {
  for (let i = 0; i < total.length; i += 1) total[i] = at(total, i) + at(row, i)
}

const NO_QUANTILES: readonly undefined[] = [undefined, undefined, undefined]

/**
 * The latencies that the shares `qs`, in ascending order, did not exceed, as the core's `quantile`
 * has them; undefined where nothing was recorded.
 */
export function quantilesOf(row: Row, qs: readonly number[]): ReadonlyArray<number | undefined> {
  const total = sum(row, LATENCY, row.length)
  if (total === 0) return NO_QUANTILES
  const found: number[] = []
  let [below, lower, bucket] = [0, 0, 0]
  for (const q of qs) {
    const rank = q * total
    for (; bucket < latencyBoundsMs.length; bucket += 1) {
      const count = at(row, LATENCY + bucket)
      const upper = latencyBoundsMs[bucket] ?? lower
      if (count > 0 && below + count >= rank) {
        found.push(lower + ((rank - below) / count) * (upper - lower))
        break
      }
      below += count
      lower = upper
    }
    // What is slower than the last bound counts as that bound, the most that is known of it.
    if (bucket === latencyBoundsMs.length) found.push(lower)
  }
  return found
}

function fill<Name extends string>(
  row: Row,
  from: number,
  names: readonly Name[],
  counts: Counts<Name>,
): void {
  for (let i = 0; i < names.length; i += 1) row[from + i] = counts[names[i] as Name]
}

function named<Name extends string>(
  row: Row,
  from: number,
  names: readonly Name[],
): Record<Name, number> {
  const counts = {} as Record<Name, number>
  for (let i = 0; i < names.length; i += 1) counts[names[i] as Name] = at(row, from + i)
  return counts
}

function at(row: Row, column: number): number {
  return row[column] ?? 0
}

function sum(row: Row, from: number, to: number): number {
  let total = 0
  for (let i = from; i < to; i += 1) total += at(row, i)
  return total
}
