import { type LoadRequest, type LoadResult, percentile } from '@holdfast/test/fixtures/load.js'
import type { Trial } from '../trial.js'
import { type AppProcess, type Site, startUsualLoad } from './site.js'
import { wait } from './wait.js'

/** What came of a load that a fault struck. Times count from the start of the load. */
export interface Course {
  readonly results: readonly LoadResult[]
  /** When the fault was asked for, and when it was complete. */
  readonly struckMs: number
  readonly doneMs: number
  /** Those sent before the fault. */
  readonly before: readonly LoadResult[]
  /** Those sent since the fault was asked for. */
  readonly after: readonly LoadResult[]
}

export interface Blow {
  readonly seconds: number
  readonly request?: (index: number) => LoadRequest
  /** Strikes when a third of the time is over; it may go on as long as the load. */
  readonly strike: () => Promise<void>
}

/** The method of the scorecards. */
export async function loadUnderFault(
  site: Pick<Site, 'gateway'>,
  { seconds, request, strike }: Blow,
): Promise<Course> {
  const startedMs = performance.now()
  const load = startUsualLoad(site.gateway, {
    durationMs: seconds * 1000,
    ...(request && { request }),
  })
  await wait((seconds * 1000) / 3)
  const struckMs = performance.now() - startedMs
  await strike()
  const doneMs = performance.now() - startedMs
  const results = await load.done
  return {
    results,
    struckMs,
    doneMs,
    before: results.filter((one) => one.startedMs < struckMs),
    after: results.filter((one) => one.startedMs >= struckMs),
  }
}

/** Those that did not end with a whole 200. */
export function failed(results: readonly LoadResult[]): readonly LoadResult[] {
  return results.filter(({ status, error }) => status !== 200 || error !== undefined)
}

export function p99Ms(results: readonly LoadResult[]): number {
  return percentile(
    results.map(({ tookMs }) => tookMs),
    99,
  )
}

/** A time in which a server could not serve. */
export interface Loss {
  readonly server: string
  readonly fromMs: number
  /** Until all must have noticed that it is back. */
  readonly untilMs: number
}

/** A request of a session that another server answered than the one it was bound to. */
export interface Move {
  readonly session: number
  readonly from: string
  readonly to: string
  /** When the request ended. */
  readonly atMs: number
}

/** Requests that were sent while the session's cookie named another server. */
export function movesIn(results: readonly LoadResult[]): readonly Move[] {
  const bySession = new Map<number, Answered[]>()
  for (const { session, server, startedMs, tookMs } of results) {
    if (session === undefined || server === undefined) continue
    const answers = bySession.get(session) ?? []
    bySession.set(session, answers)
    answers.push({ server, startedMs, atMs: startedMs + tookMs })
  }
  const moves: Move[] = []
  for (const [session, answers] of bySession) {
    answers.sort((a, b) => a.atMs - b.atMs)
    for (const { server: to, startedMs, atMs } of answers) {
      // The first requests of a client may be sent together, before it has a cookie.
      const from = answers.findLast((earlier) => earlier.atMs <= startedMs)?.server
      if (from !== undefined && from !== to) moves.push({ session, from, to, atMs })
    }
  }
  return moves
}

interface Answered {
  readonly server: string
  readonly startedMs: number
  readonly atMs: number
}

/** Moves away from a server that was there: misrouted requests. */
export function unexcused(moves: readonly Move[], losses: readonly Loss[]): readonly Move[] {
  return moves.filter(
    ({ from, atMs }) =>
      !losses.some(
        ({ server, fromMs, untilMs }) => server === from && atMs >= fromMs && atMs <= untilMs,
      ),
  )
}

/** The ids that were executed, by how often. Ends the servers, so that they have said all. */
export async function executions(
  trial: Trial,
  servers: readonly AppProcess[],
): Promise<ReadonlyMap<string, number>> {
  trial.tell('counting what the servers executed')
  await Promise.all(servers.map((server) => server.stop()))
  const counts = new Map<string, number>()
  for (const id of servers.flatMap((server) => server.executed())) {
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return counts
}

/** Requests that were answered with 200 and that no server knows of. */
export function lost(
  results: readonly LoadResult[],
  executed: ReadonlyMap<string, number>,
): readonly LoadResult[] {
  return results.filter(({ id, status }) => status === 200 && !executed.has(id))
}

export function repeated(executed: ReadonlyMap<string, number>): number {
  return [...executed.values()].filter((times) => times > 1).length
}
