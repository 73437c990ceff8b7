/** What the stream brings; what is unknown is absent. Times are the sidecar's wall milliseconds. */
export interface Model {
  readonly at: number
  readonly heardAt: number
  readonly stale: boolean
  readonly headline: { readonly level: Level; readonly text: string }
  readonly replicas: Readonly<Record<string, Replica>>
  readonly alarms: readonly Alarm[]
  readonly order: readonly string[]
  readonly upstreams: Readonly<Record<string, Upstream>>
  readonly events: Readonly<Record<string, TimelineEvent>>
}

export type Level = 'good' | 'warning' | 'serious' | 'unknown'
export type ServerState = 'up' | 'drain' | 'probing' | 'ejected' | 'down'

export interface Replica {
  readonly name: string
  readonly package: string
  readonly configHash: string
  readonly startedAt: number
  readonly store: 'none' | 'up' | 'down'
  readonly presence: 'live' | 'silent'
  readonly seenAt?: number
}

export interface Alarm {
  readonly kind: string
  readonly level: 'warning' | 'serious'
  readonly message: string
  readonly values: ReadonlyArray<{ readonly value: string; readonly replicas: readonly string[] }>
}

export interface Upstream {
  readonly balance: string
  readonly sticky?: string
  readonly order: readonly string[]
  readonly servers: Readonly<Record<string, Server>>
  readonly rate?: number
  readonly errors?: number
  readonly p99?: number
  readonly kept?: number
  readonly moved: Readonly<Record<string, number>>
  readonly slot?: Slot
}

export interface Slot {
  readonly at: number
  readonly rate?: number | null
  readonly errors?: number | null
  readonly p50?: number | null
  readonly p99?: number | null
  readonly moved: Readonly<Record<string, number>>
}

export interface Server {
  readonly address: string
  readonly state: ServerState
  readonly states: Readonly<Partial<Record<ServerState, number>>>
  readonly weight: number
  readonly effectiveWeight: number
  readonly backup?: boolean
  readonly override?: { readonly mode?: string; readonly weight?: number }
  readonly active: number
  readonly tunnels: number
  readonly ejectedUntil?: number
  readonly sessions?: number
  readonly share?: number
  readonly shareByWeight: number
  readonly rate?: number
  readonly errors?: number
  readonly p50?: number
  readonly p99?: number
}

export interface TimelineEvent {
  readonly at: number
  readonly type: string
  readonly upstream?: string
  readonly server?: string
  readonly replicas: readonly string[]
  readonly by?: string
  readonly detail: string
}

/**
 * Applies a merge patch (RFC 7396) without touching what was there. The results have no prototype:
 * names are data, and `__proto__` is one like any other.
 */
export function applyPatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const result: Record<string, unknown> = Object.create(null)
  if (isObject(target)) Object.assign(result, target)
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name]
    else result[name] = applyPatch(result[name], value)
  }
  return result
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
