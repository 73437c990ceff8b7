import type { ServerState } from '@holdfast/core'
import type { Life, Report } from '../registry/life.js'
import { latencyView, type MergedServer, recentOf } from '../registry/merged-server.js'
import type { MergedUpstream } from '../registry/merged-upstream.js'
import type { Registry } from '../registry/registry.js'
import { affinityCounts, movedOf, requestsOf, serverCounts } from '../registry/rows.js'
import { growthIn } from '../registry/track.js'
import { serverStates } from '../snapshots/vocabulary.js'
import type { Steps } from '../turns.js'
import type { ServerView, UpstreamView } from './types.js'

const MINUTE_S = 60
const LATELY_MS = 900_000

/** The upstreams that some replica has, in the order in which they were first seen. */
export function* viewingUpstreams(
  registry: Registry,
  nowMs: number,
): Steps<readonly UpstreamView[]> {
  const views: UpstreamView[] = []
  const { isStale } = registry
  for (const upstream of registry.upstreams.values()) {
    if (upstream.isKnown) views.push(yield* viewingUpstream(upstream, nowMs, isStale))
  }
  return views
}

function* viewingUpstream(
  upstream: MergedUpstream,
  nowMs: number,
  isStale: boolean,
): Steps<UpstreamView> {
  const servers: Gathered[] = []
  for (const server of upstream.servers.values()) {
    if (server.reports.size > 0) servers.push(gatherServer(server, nowMs, isStale))
    yield
  }
  const requests = servers.reduce((sum, server) => sum + server.minuteRequests, 0)
  const weights = weightsForNewSessions(servers.map(({ view }) => view))
  const weight = weights.reduce((sum, each) => sum + each, 0)
  return {
    name: upstream.name,
    ...upstream.facts,
    servers: servers.map(({ view, minuteRequests }, i) => ({
      ...view,
      share: requests === 0 ? null : round(minuteRequests / requests),
      shareByWeight: weight === 0 ? 0 : round((weights[i] ?? 0) / weight),
    })),
    affinity: affinityCounts(upstream.affinity.total),
    latencyMs: latencyView(upstream.track.total),
    recent: {
      ...recentOf(upstream.track, nowMs, isStale),
      keptShare: isStale ? null : keptShare(upstream, nowMs),
    },
    movedLately: movedLately(upstream, nowMs),
    slot: upstream.slot,
  }
}

type BareServerView = Omit<ServerView, 'share' | 'shareByWeight'>

interface Gathered {
  readonly view: BareServerView
  readonly minuteRequests: number
}

function gatherServer(server: MergedServer, nowMs: number, isStale: boolean): Gathered {
  const { newest, ...merged } = mergeReports(server.reports)
  if (newest === undefined) throw new Error('a server without a report is not shown')
  const { address, incarnation, weight, backup, maxFails, failTimeoutS, override } = newest
  const { track, sessions } = server
  const minute = track.since(MINUTE_S, nowMs)
  return {
    minuteRequests: minute === undefined ? 0 : requestsOf(minute.after) - requestsOf(minute.before),
    view: {
      id: server.id,
      address,
      ...(incarnation !== undefined && { incarnation }),
      weight,
      backup,
      ...(maxFails !== undefined && { maxFails }),
      ...(failTimeoutS !== undefined && { failTimeoutS }),
      override: override ?? null,
      ...merged,
      ...serverCounts(track.total),
      sessions,
      latencyMs: latencyView(track.total),
      recent: recentOf(track, nowMs, isStale),
    },
  }
}

interface MergedReports
  extends Pick<
    BareServerView,
    'state' | 'states' | 'effectiveWeight' | 'active' | 'tunnels' | 'ejectedUntil'
  > {
  /** That of the replica that was the last to start. */
  readonly newest: Report | undefined
}

/**
 * What live replicas say. Where none is live, what they said before is better than nothing; the
 * fleet's view says that it is old.
 */
function mergeReports(reports: ReadonlyMap<Life, Report>): MergedReports {
  let anyLive = false
  for (const life of reports.keys()) anyLive ||= life.presence === 'live'
  const states: Partial<Record<ServerState, number>> = {}
  let newest: Report | undefined
  let [newestMs, active, tunnels, effectiveWeight, count] = [-1, 0, 0, 0, 0]
  let state: ServerState = 'up'
  let ejectedUntil: number | null = null
  // One pass, and no pairs made for it: fifty replicas of a thousand servers are many reports.
  reports.forEach((report, { presence, facts }) => {
    if (anyLive && presence !== 'live') return
    if (facts.startedAt > newestMs) {
      newest = report
      newestMs = facts.startedAt
    }
    states[report.state] = (states[report.state] ?? 0) + 1
    if (gravity(report.state) > gravity(state)) state = report.state
    active += report.active
    tunnels += report.tunnels
    effectiveWeight += report.effectiveWeight
    count += 1
    if (report.ejectedUntil !== null) {
      ejectedUntil = Math.max(ejectedUntil ?? 0, report.ejectedUntil)
    }
  })
  const mean = count === 0 ? 0 : round(effectiveWeight / count)
  return { newest, state, states, effectiveWeight: mean, active, tunnels, ejectedUntil }
}

/** Where replicas disagree the gravest counts, so that one's trouble is not averaged away. */
function gravity(state: ServerState): number {
  return serverStates.indexOf(state)
}

/** What counts when a new session is placed: backups only where no primary is left. */
function weightsForNewSessions(servers: readonly BareServerView[]): readonly number[] {
  const takes = ({ state }: BareServerView): boolean => state === 'up' || state === 'probing'
  const hasPrimary = servers.some((server) => !server.backup && takes(server))
  return servers.map((server) =>
    takes(server) && server.backup !== hasPrimary ? server.weight : 0,
  )
}

function keptShare({ affinity }: MergedUpstream, nowMs: number): number | null {
  const minute = affinity.since(MINUTE_S, nowMs)
  if (minute === undefined) return null
  const grown = growthIn(minute)
  const { kept } = affinityCounts(grown)
  const bound = kept + movedOf(grown)
  return bound === 0 ? null : kept / bound
}

function movedLately({ history }: MergedUpstream, nowMs: number): Record<string, number> {
  const { series } = history.read(LATELY_MS, nowMs)
  const moved = Object.entries(series).flatMap(([name, values]) => {
    if (!name.startsWith(MOVED)) return []
    const count = values.reduce<number>((sum, value) => sum + (value ?? 0), 0)
    return count > 0 ? [[name.slice(MOVED.length), Math.round(count)] as const] : []
  })
  return Object.fromEntries(moved)
}

const MOVED = 'moved:'

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000
}
