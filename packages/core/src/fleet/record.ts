import type { Mode, Override } from '../servers/server.js'
import { isReplicaName } from './replica-name.js'
import { MOST_VERSION } from './store.js'

interface Versioned {
  /** The server's identity: address, space, incarnation. */
  readonly server: string
  /** Grows with every change; microseconds of the store's clock where those are larger. */
  readonly version: number
}

/** The fleet's word on a server's health. Without voters: it is back, since `untilMs`. */
export interface EjectionRecord extends Versioned {
  readonly kind: 'ejection'
  readonly untilMs: number
  /** Ejections in a row, this one included. */
  readonly inARow: number
  /** The replicas that saw fails, and how many each. */
  readonly voters: ReadonlyMap<string, number>
}

/** An operator's word on a server. With neither mode nor weight: as configured. */
export interface OverrideRecord extends Versioned {
  readonly kind: 'override'
  readonly override: Override
  /** When it ends by itself; 0 is never. */
  readonly untilMs: number
  readonly by: string | undefined
}

/** What the fleet holds of one server; of two with the same name the newer version counts. */
export type FleetRecord = EjectionRecord | OverrideRecord

/** Sessions that a replica has learned, by their digests. News only: the store keeps none of it. */
export interface SessionNews {
  readonly kind: 'sessions'
  /** The identity of the server that they belong to. */
  readonly server: string
  /** Who tells; it knows already. */
  readonly replica: string
  readonly digests: readonly string[]
}

/** What replicas tell one another through the store. */
export type FleetNews = FleetRecord | SessionNews

/** A record as the store holds it: fields of one hash. */
export interface RecordText {
  readonly field: string
  readonly value: string
}

export function encodeRecord(record: FleetNews): RecordText {
  if (record.kind === 'sessions') {
    const { server, replica, digests } = record
    return { field: `s ${server}`, value: `${replica} ${digests.join('')}` }
  }
  const { version, untilMs } = record
  if (record.kind === 'ejection') {
    const voters = [...record.voters].map(([replica, fails]) => `${replica}=${fails}`)
    return {
      field: recordName(record),
      value: `${version} ${untilMs} ${record.inARow} ${voters.join(',')}`,
    }
  }
  const { mode = NONE, weight = NONE } = record.override
  const by = record.by === undefined ? NONE : encodeURIComponent(record.by)
  return { field: recordName(record), value: `${version} ${untilMs} ${mode} ${weight} ${by}` }
}

/** What tells records apart: the same for every version of one. */
export function recordName({ kind, server }: Pick<FleetRecord, 'kind' | 'server'>): string {
  return `${kind === 'ejection' ? 'e' : 'o'} ${server}`
}

/**
 * Reads what came from the store, which may be anybody's: whatever is not exactly a record is
 * undefined. That its server exists is for the reader to say.
 */
export function decodeRecord(field: string, value: string): FleetRecord | undefined {
  const news = decodeNews(field, value)
  return news?.kind === 'sessions' ? undefined : news
}

/** The same for what came from the channel. */
export function decodeNews(field: string, value: string): FleetNews | undefined {
  if (field.length > LONGEST_NAME || value.length > LONGEST_VALUE) return undefined
  const server = field.slice(2)
  if (server === '') return undefined
  if (field.startsWith('e ')) return decodeEjection(server, value)
  if (field.startsWith('s ')) return decodeSessions(server, value)
  return field.startsWith('o ') ? decodeOverride(server, value) : undefined
}

const NONE = '-'
const LONGEST_NAME = 512
const LONGEST_VALUE = 4_096
/** Sessions that one piece of news tells of at most. */
export const MOST_DIGESTS = 100
const MOST_WEIGHT = 65_535

function decodeEjection(server: string, value: string): EjectionRecord | undefined {
  const parts = /^(\d{1,16}) (\d{1,16}) (\d{1,6}) (\S*)$/.exec(value)
  if (parts === null) return undefined
  const [version, untilMs, inARow] = parts.slice(1, 4).map(Number)
  if (!isVersion(version) || !isWhole(untilMs) || !isWhole(inARow)) return undefined
  const voters = new Map<string, number>()
  const list = parts[4] ?? ''
  for (const voter of list === '' ? [] : list.split(',')) {
    const [, replica, fails] = /^(.+)=(\d{1,9})$/.exec(voter) ?? []
    if (!isReplicaName(replica)) return undefined
    voters.set(replica, Number(fails))
  }
  return { kind: 'ejection', server, version, untilMs, inARow, voters }
}

function decodeSessions(server: string, value: string): SessionNews | undefined {
  const [, replica, hex = ''] = /^(\S+) ((?:[0-9a-f]{32})+)$/.exec(value) ?? []
  if (!isReplicaName(replica)) return undefined
  return { kind: 'sessions', server, replica, digests: hex.match(/.{32}/g) ?? [] }
}

function decodeOverride(server: string, value: string): OverrideRecord | undefined {
  const parts = /^(\d{1,16}) (\d{1,16}) (up|drain|down|-) (\d{1,5}|-) (\S+)$/.exec(value)
  if (parts === null) return undefined
  const [version, untilMs] = [Number(parts[1]), Number(parts[2])]
  const weight = parts[4] === NONE ? undefined : Number(parts[4])
  const by = decodeText(parts[5] ?? NONE)
  if (!isVersion(version) || !isWhole(untilMs) || by === undefined) return undefined
  if (weight !== undefined && (weight < 1 || weight > MOST_WEIGHT)) return undefined
  const mode = parts[3] === NONE ? undefined : (parts[3] as Mode)
  return {
    kind: 'override',
    server,
    version,
    untilMs,
    override: {
      ...(mode === undefined ? {} : { mode }),
      ...(weight === undefined ? {} : { weight }),
    },
    by: by === NONE ? undefined : by,
  }
}

function decodeText(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function isVersion(value: number | undefined): value is number {
  return isWhole(value) && value <= MOST_VERSION
}

function isWhole(value: number | undefined): value is number {
  return value !== undefined && Number.isSafeInteger(value)
}
