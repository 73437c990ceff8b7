import {
  type AffinitySnapshot,
  type LatencySnapshot,
  latencyBoundsMs,
  type ServerSnapshot,
  type ServerTotals,
} from '@holdfast/core'
import { failKinds, moveReasons, OTHER_REASON, statusClasses } from '../snapshots/vocabulary.js'

/**
 * Counters as a row of numbers, each of which only grows: what is added up, compared and kept over
 * time is then one loop over a row, whatever the columns mean.
 */
export type Row = Float64Array

/** The part of a server's snapshot that only grows. */
export type ServerCounts = Omit<ServerTotals, 'active' | 'tunnels' | 'ejectionsDetected'> & {
  readonly ejectionsDetected: number
}

const PLAIN = ['requests', 'attempts', 'retries', 'ejections', 'ejectionsDetected'] as const
const RESPONSES = PLAIN.length
const FAILS = RESPONSES + statusClasses.length
const BYTES = FAILS + failKinds.length
const LATENCY_SUM = BYTES + 2
const LATENCY = LATENCY_SUM + 1

export const SERVER_COLUMNS: number = LATENCY + latencyBoundsMs.length + 1

export function serverRow(server: ServerSnapshot): Row {
  const { requests, attempts, retries, ejections, ejectionsDetected = ejections } = server
  return Float64Array.of(
    requests,
    attempts,
    retries,
    ejections,
    ejectionsDetected,
    ...statusClasses.map((each) => server.responses[each]),
    ...failKinds.map((each) => server.fails[each]),
    server.bytes.in,
    server.bytes.out,
    server.latency.sum,
    ...server.latency.counts,
  )
}

export function serverCounts(row: Row): ServerCounts {
  const at = (column: number): number => row[column] ?? 0
  const named = <Name extends string>(names: readonly Name[], from: number): Record<Name, number> =>
    Object.fromEntries(names.map((name, i) => [name, at(from + i)])) as Record<Name, number>
  return {
    ...named(PLAIN, 0),
    responses: named(statusClasses, RESPONSES),
    fails: named(failKinds, FAILS),
    bytes: { in: at(BYTES), out: at(BYTES + 1) },
    latency: latencyOf(row),
  }
}

export function latencyOf(row: Row): LatencySnapshot {
  return {
    bounds: latencyBoundsMs,
    counts: Array.from(row.subarray(LATENCY)),
    sum: row[LATENCY_SUM] ?? 0,
  }
}

export function requestsOf(row: Row): number {
  return row[0] ?? 0
}

/** Attempts that the server failed, and answers that say so themselves. */
export function errorsOf(row: Row): number {
  const fails = sum(row, FAILS, BYTES)
  return fails + (row[RESPONSES + statusClasses.indexOf('5xx')] ?? 0)
}

export function failsOf(row: Row): number {
  return sum(row, FAILS, BYTES)
}

/** Of an upstream's affinity: kept, new, none, and moved by reason. */
const REASONS: readonly string[] = [...moveReasons, OTHER_REASON]
const MOVED = 3

export const AFFINITY_COLUMNS: number = MOVED + REASONS.length

export function affinityRow(affinity: AffinitySnapshot): Row {
  const moved = new Map(Object.entries(affinity.moved))
  return Float64Array.of(
    affinity.kept,
    affinity.new,
    affinity.none,
    ...REASONS.map((reason) => moved.get(reason) ?? 0),
  )
}

/** Every known reason is there, at 0 if it never occurred; `other` only where it did. */
export function affinityCounts(row: Row): AffinitySnapshot {
  const [kept = 0, fresh = 0, none = 0, ...moved] = row
  const entries = REASONS.map((reason, i) => [reason, moved[i] ?? 0] as const)
  return {
    kept,
    new: fresh,
    none,
    moved: Object.fromEntries(entries.filter(([name, n]) => name !== OTHER_REASON || n > 0)),
  }
}

export function movedOf(row: Row): number {
  return sum(row, MOVED, AFFINITY_COLUMNS)
}

/**
 * By how much a row has grown since `before`. A counter that went back began anew, and with it the
 * whole row: what it says now is what it has grown by.
 */
export function growth(before: Row | undefined, now: Row): Row {
  if (before === undefined || hasShrunk(before, now)) return now
  return now.map((value, i) => value - (before[i] ?? 0))
}

export function hasShrunk(before: Row | undefined, now: Row): boolean {
  return before !== undefined && now.some((value, i) => value < (before[i] ?? 0))
}

export function addTo(total: Row, row: Row): void {
  for (let i = 0; i < total.length; i += 1) total[i] = (total[i] ?? 0) + (row[i] ?? 0)
}

function sum(row: Row, from: number, to: number): number {
  let total = 0
  for (let i = from; i < to; i += 1) total += row[i] ?? 0
  return total
}
