import type { FailKind, ServerState } from '@holdfast/core'
import { failKinds } from '../snapshots/vocabulary.js'
import type { Entry, Ledger, ReplicaFacts } from './life.js'
import { ejectionsOf, growth, serverCounts } from './rows.js'
import type { Happening, HappeningType } from './timeline.js'

/** What has happened to a replica between two of its snapshots. */
export function replicaDifferences(before: ReplicaFacts, now: ReplicaFacts): Happening[] {
  const { replica } = now
  const happenings: Happening[] = []
  if (before.store !== now.store && now.store !== 'none') {
    happenings.push({ type: now.store === 'up' ? 'store-up' : 'store-down', replica })
  }
  if (before.configHash !== now.configHash) happenings.push({ type: 'config-changed', replica })
  if (String(before.keyIds) !== String(now.keyIds)) {
    happenings.push({ type: 'keys-changed', replica })
  }
  return happenings
}

/** What has happened to the servers of an upstream between two snapshots of one replica. */
export function serverDifferences(
  upstream: string,
  replica: string,
  before: Ledger,
  now: Ledger,
): Happening[] {
  const happenings: Happening[] = []
  const note = (server: string, type: HappeningType, detail?: string): void => {
    happenings.push({ type, upstream, server, replica, detail })
  }
  for (const [server, entry] of now.servers) {
    const old = before.servers.get(server)
    if (old === undefined) note(server, 'joined')
    else entryDifferences(old, entry, (type, detail) => note(server, type, detail))
  }
  for (const server of before.servers.keys()) {
    if (!now.servers.has(server)) note(server, 'left')
  }
  return happenings
}

function entryDifferences(
  before: Entry,
  now: Entry,
  note: (type: HappeningType, detail?: string) => void,
): void {
  const [was, is] = [before.report, now.report]
  const isEjection = ejectionsOf(now.row) > ejectionsOf(before.row)
  const fails = (): string => failsInWords(serverCounts(growth(before.row, now.row)).fails)
  // Out it is already: a night of failed probes is one ejection, not thousands.
  if (isOut(was.state) && is.state === 'ejected') {
    if (isEjection) note('probing', fails())
  } else if (isEjection) note('ejected', fails())
  else if (was.state !== is.state) note(arrivalIn(is.state, was.state))
  // It was out and back between two looks.
  if (isEjection && is.state === 'up') note('returned')
  if (was.weight !== is.weight) note('weight', `${was.weight} → ${is.weight}`)
}

function arrivalIn(state: ServerState, from: ServerState): HappeningType {
  if (state !== 'up') return state
  return isOut(from) ? 'returned' : 'up'
}

function isOut(state: ServerState): boolean {
  return state === 'ejected' || state === 'probing'
}

const FAIL_WORDS: Readonly<Record<FailKind, string>> = {
  connect: '× no connection',
  timeout: '× timed out',
  reset: '× reset',
  invalid: '× invalid answer',
  status: '× bad status',
}

function failsInWords(fails: Readonly<Record<string, number>>): string {
  const some = failKinds.filter((kind) => (fails[kind] ?? 0) > 0)
  const words = some.map((kind) => `${fails[kind]} ${FAIL_WORDS[kind]}`)
  return words.join(', ')
}
