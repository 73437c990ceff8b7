import type { Alarm, ReplicaView } from './types.js'

// A clock that is off by more makes cookies that other replicas refuse (their skew is 60 s).
const MOST_SKEW_MS = 30_000

/** Sources that could not be read, by where they are. */
export type Refusals = ReadonlyMap<string, string>

/** What replicas must have alike and do not, and what keeps the sidecar from seeing. */
export function alarmsOf(replicas: readonly ReplicaView[], refusals: Refusals): readonly Alarm[] {
  const live = replicas.filter(({ presence }) => presence === 'live')
  return [
    differing(live, 'package', 'Replicas run different versions', 'warning'),
    differing(live, 'configHash', 'Replicas have different configurations', 'warning'),
    keyAlarm(live),
    namesakes(live),
    storeAlarm(live),
    clockAlarm(live),
    silentAlarm(replicas),
    refusalAlarm(refusals),
  ].filter((alarm) => alarm !== undefined)
}

function differing(
  replicas: readonly ReplicaView[],
  kind: 'package' | 'configHash',
  message: string,
  level: Alarm['level'],
): Alarm | undefined {
  const values = grouped(replicas, (replica) => replica[kind])
  return values.length > 1 ? { kind, level, message, values } : undefined
}

/**
 * During a rotation the lists differ for a while, which harms nobody as long as everybody opens
 * what anybody seals with.
 */
function keyAlarm(replicas: readonly ReplicaView[]): Alarm | undefined {
  const values = grouped(replicas, ({ keyIds }) => keyIds.join(', ') || 'none')
  if (values.length < 2) return undefined
  const sealing = new Set(replicas.flatMap(({ keyIds }) => keyIds.slice(0, 1)))
  const isSafe = replicas.every(({ keyIds }) => [...sealing].every((id) => keyIds.includes(id)))
  return {
    kind: 'keyIds',
    level: isSafe ? 'warning' : 'serious',
    message: isSafe
      ? 'Replicas have different cookie keys; all can open each other’s cookies'
      : 'Replicas have different cookie keys: some refuse cookies that others made',
    values,
  }
}

function namesakes(replicas: readonly ReplicaView[]): Alarm | undefined {
  const values = grouped(replicas, ({ replica }) => replica)
    .filter(({ replicas: lives }) => lives.length > 1)
    .map(({ value }) => ({ value, replicas: [value] }))
  const message = 'Several replicas report under one name'
  return values.length > 0 ? { kind: 'namesakes', level: 'warning', message, values } : undefined
}

function storeAlarm(replicas: readonly ReplicaView[]): Alarm | undefined {
  const values = grouped(replicas, ({ store }) => store)
  if (!values.some(({ value }) => value === 'down')) return undefined
  const message = 'Redis does not answer: replicas share no health, each goes by its own'
  return { kind: 'store', level: 'warning', message, values }
}

function clockAlarm(replicas: readonly ReplicaView[]): Alarm | undefined {
  const off = replicas.filter(({ at, seenAt }) => Math.abs(at - seenAt) > MOST_SKEW_MS)
  const values = grouped(off, ({ at, seenAt }) => `${Math.round((at - seenAt) / 1_000)} s`)
  const message = 'Clocks are off: cookies may be refused as too old or too new'
  return off.length > 0 ? { kind: 'clock', level: 'serious', message, values } : undefined
}

function silentAlarm(replicas: readonly ReplicaView[]): Alarm | undefined {
  const silent = replicas.filter(({ presence }) => presence === 'silent')
  const values = grouped(silent, ({ seenAt }) => `since ${new Date(seenAt).toISOString()}`)
  const message = 'Replicas have fallen silent'
  return silent.length > 0 ? { kind: 'silent', level: 'warning', message, values } : undefined
}

function refusalAlarm(refusals: Refusals): Alarm | undefined {
  const values = [...refusals].map(([where, why]) => ({ value: why, replicas: [where] }))
  const message = 'Statistics could not be read'
  return values.length > 0 ? { kind: 'refused', level: 'serious', message, values } : undefined
}

function grouped(
  replicas: readonly ReplicaView[],
  read: (replica: ReplicaView) => string,
): Alarm['values'] {
  const groups = new Map<string, string[]>()
  for (const each of replicas) {
    const members = groups.get(read(each)) ?? []
    groups.set(read(each), [...members, each.replica])
  }
  return [...groups].map(([value, names]) => ({ value, replicas: names }))
}
