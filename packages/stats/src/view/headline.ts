import type { TimelineEvent } from '../registry/timeline.js'
import type { Alarm, Headline, ReplicaView, ServerView, UpstreamView } from './types.js'

export interface HeadlineFacts {
  readonly nowMs: number
  readonly stale: boolean
  readonly heardAt: number | null
  readonly replicas: readonly ReplicaView[]
  readonly alarms: readonly Alarm[]
  readonly upstreams: readonly UpstreamView[]
  readonly events: readonly TimelineEvent[]
}

/** Whether it is all right, in one sentence; where it is not, the worst first. */
export function headlineOf(facts: HeadlineFacts): Headline {
  const { heardAt, stale, nowMs, alarms } = facts
  if (heardAt === null) {
    return { level: 'unknown', text: `No replica has been heard of yet${refusalInWords(alarms)}.` }
  }
  if (stale) {
    const text = `No replica has been heard for ${span(nowMs - heardAt)}${refusalInWords(alarms)}.`
    return { level: 'serious', text }
  }
  const ailing = facts.upstreams.flatMap((upstream) =>
    upstream.servers.filter(isAway).map((server) => ({ upstream, server })),
  )
  const [first, ...others] = ailing.sort((a, b) => gravity(b.server) - gravity(a.server))
  const told = alarmsInWords(alarms)
  if (first !== undefined) {
    const more = others.length === 0 ? '' : `${others.length} more not up.`
    const text = `${trouble(facts, first.upstream, first.server)}.`
    return { level: 'serious', text: sentences(text, more, told) }
  }
  if (alarms.some(({ level }) => level === 'serious')) return { level: 'serious', text: told }
  return { level: alarms.length > 0 ? 'warning' : 'good', text: sentences(told, calm(facts)) }
}

/** On how many replicas it is out, and those before where it is at least being probed. */
function gravity({ states: { ejected = 0, probing = 0 } }: ServerView): number {
  return 2 * ejected + probing
}

/** What failures did, as against what an operator wanted. */
function isAway({ state }: ServerView): boolean {
  return state === 'ejected' || state === 'probing'
}

function trouble(facts: HeadlineFacts, upstream: UpstreamView, server: ServerView): string {
  const { events, nowMs, replicas } = facts
  const ejection = events.findLast(
    (event) =>
      event.type === 'ejected' && event.server === server.id && event.upstream === upstream.name,
  )
  const ago = ejection === undefined ? undefined : span(nowMs - ejection.at)
  const live = replicas.filter(({ presence }) => presence === 'live').length
  const seeing = (server.states.ejected ?? 0) + (server.states.probing ?? 0)
  const where = live === 1 ? '' : seeing === live ? ' on all replicas' : ` on ${seeing} of ${live}`
  const cause = ejection === undefined || ejection.detail === '' ? '' : `: ${ejection.detail}`
  const isDue = server.ejectedUntil !== null && server.ejectedUntil < nowMs
  const waits = server.state === 'probing' ? 'is being probed' : 'waits for a request to probe it'
  const since = ago === undefined ? '' : ` for ${ago}`
  const state =
    server.state === 'probing' || isDue
      ? `${waits}${where}${ago === undefined ? '' : `, ejected ${ago} ago`}`
      : `ejected${since}${where}`
  return `${server.id} ${state}${cause}${movedInWords(facts)}`
}

function movedInWords({ upstreams }: HeadlineFacts): string {
  const moved = movedLately(upstreams)
  return moved === 0 ? '' : `, ${count(moved, 'session')} moved in 15 minutes`
}

function calm({ upstreams, replicas, alarms }: HeadlineFacts): string {
  const servers = upstreams.flatMap((upstream) => upstream.servers)
  const at = (state: ServerView['state']): number =>
    servers.filter((server) => server.state === state).length
  const set = [at('drain') > 0 && `${at('drain')} draining`, at('down') > 0 && `${at('down')} down`]
    .filter((text) => text !== false)
    .join(', ')
  const up = at('up')
  const state = set === '' ? `All ${count(up, 'server')} up` : `${count(up, 'server')} up, ${set}`
  const live = replicas.filter(({ presence }) => presence === 'live').length
  const agree = alarms.length === 0 ? ' agree' : ''
  const heard = live === 1 ? '1 replica' : `${live} replicas${agree}`
  const moved = count(movedLately(upstreams), 'session')
  return `${state}. ${heard}. ${moved} moved in the last 15 minutes.`
}

function movedLately(upstreams: readonly UpstreamView[]): number {
  return upstreams
    .flatMap((upstream) => Object.values(upstream.movedLately))
    .reduce((sum, moved) => sum + moved, 0)
}

/** The serious ones, or else the first; the others stand below, so they are only counted. */
function alarmsInWords(alarms: readonly Alarm[]): string {
  const serious = alarms.filter(({ level }) => level === 'serious')
  const told = serious.length > 0 ? serious : alarms.slice(0, 1)
  const left = alarms.length - told.length
  const more = left === 0 ? '' : `${count(left, 'more warning')}.`
  return sentences(...told.map(({ message }) => `${message}.`), more)
}

function sentences(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ')
}

/** Why nobody is heard, where that is known: it may be Redis, and all gateways are well. */
function refusalInWords(alarms: readonly Alarm[]): string {
  const [first, ...others] = alarms.find(({ kind }) => kind === 'refused')?.values ?? []
  if (first === undefined) return ''
  const more = others.length === 0 ? '' : `, and ${others.length} more`
  return `: ${first.replicas.join(', ')} ${first.value}${more}`
}

function count(n: number, noun: string): string {
  return `${n.toLocaleString('en-US')} ${noun}${n === 1 ? '' : 's'}`
}

export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`
}
