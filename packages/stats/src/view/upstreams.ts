import type { ServerState } from '@holdfast/core'
import type { Life, Report } from '../registry/life.js'
import { gravest, latencyView, type MergedServer, recentOf } from '../registry/merged-server.js'
import type { MergedUpstream } from '../registry/merged-upstream.js'
import type { Registry } from '../registry/registry.js'
import { affinityCounts, movedOf, requestsOf, serverCounts } from '../registry/rows.js'
import type { ServerView, UpstreamView } from './types.js'

const MINUTE_S = 60
const LATELY_MS = 900_000

/** The upstreams that some replica has, in the order in which they were first seen. */
export function viewUpstreams(registry: Registry, nowMs: number): readonly UpstreamView[] {
  return [...registry.upstreams.values()]
    .filter(({ isKnown }) => isKnown)
    .map((upstream) => viewUpstream(upstream, nowMs))
}

function viewUpstream(upstream: MergedUpstream, nowMs: number): UpstreamView {
  const servers = [...upstream.servers.values()]
    .filter(({ reports }) => reports.size > 0)
    .map((server) => gatherServer(server, nowMs))
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
    recent: { ...recentOf(upstream.track, nowMs), keptShare: keptShare(upstream, nowMs) },
    movedLately: movedLately(upstream, nowMs),
    slot: upstream.slot,
  }
}

type BareServerView = Omit<ServerView, 'share' | 'shareByWeight'>

interface Gathered {
  readonly view: BareServerView
  readonly minuteRequests: number
}

function gatherServer(server: MergedServer, nowMs: number): Gathered {
  const reports = trusted(server.reports)
  const [newest] = reports
  if (newest === undefined) throw new Error('a server without a report is not shown')
  const states: Partial<Record<ServerState, number>> = {}
  for (const { state } of reports) states[state] = (states[state] ?? 0) + 1
  const sum = (read: (report: Report) => number): number =>
    reports.reduce((total, report) => total + read(report), 0)
  const { address, weight, backup, maxFails, failTimeoutS, override = null } = newest
  const minute = server.track.since(MINUTE_S, nowMs)
  return {
    minuteRequests: minute === undefined ? 0 : requestsOf(minute.row),
    view: {
      id: server.id,
      address,
      state: gravest(reports.map(({ state }) => state)),
      states,
      weight,
      effectiveWeight: round(sum(({ effectiveWeight }) => effectiveWeight) / reports.length),
      backup,
      ...(maxFails !== undefined && { maxFails }),
      ...(failTimeoutS !== undefined && { failTimeoutS }),
      override,
      active: sum(({ active }) => active),
      tunnels: sum(({ tunnels }) => tunnels),
      ejectedUntil: latest(reports),
      ...serverCounts(server.track.total),
      sessions: server.sessions,
      latencyMs: latencyView(server.track.total),
      recent: recentOf(server.track, nowMs),
    },
  }
}

/**
 * What live replicas say, that of the last to start first. Where none is live, what they said
 * before is better than nothing; the fleet's view says that it is old.
 */
function trusted(reports: ReadonlyMap<Life, Report>): readonly Report[] {
  const trusted: Report[] = []
  const anyLive = [...reports.keys()].some(({ presence }) => presence === 'live')
  let newest = 0
  for (const [{ presence, facts }, report] of reports) {
    if (anyLive && presence !== 'live') continue
    if (facts.startedAt > newest) trusted.unshift(report)
    else trusted.push(report)
    newest = Math.max(newest, facts.startedAt)
  }
  return trusted
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
  const { kept } = affinityCounts(minute.row)
  const bound = kept + movedOf(minute.row)
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

function latest(reports: readonly Report[]): number | null {
  const times = reports.flatMap(({ ejectedUntil }) => ejectedUntil ?? [])
  return times.length === 0 ? null : Math.max(...times)
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000
}
