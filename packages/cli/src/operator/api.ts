import type { ServerState } from '@holdfast/core'

/** The parts of the statistics' API (version 1) that the command line reads. */
export interface ServerStatus {
  readonly id: string
  readonly address: string
  readonly state: ServerState
  readonly weight: number
  readonly backup: boolean
  readonly active: number
  readonly tunnels: number
  readonly requests: number
  readonly fails: Readonly<Record<string, number>>
  /** Wall milliseconds; null while its fails do not keep it out. */
  readonly ejectedUntil: number | null
  readonly sessions: number | null
  readonly latencyMs?: { readonly p50: number | null; readonly p99: number | null }
}

export interface UpstreamStatus {
  readonly name: string
  readonly balance: string
  readonly sticky: string | null
  readonly servers: readonly ServerStatus[]
  readonly affinity: {
    readonly kept: number
    readonly new: number
    readonly moved: Readonly<Record<string, number>>
    readonly none: number
  }
}

/** What a drain has left to do. */
export interface DrainStatus {
  readonly sessionsLeft: number | null
  readonly activeRequests: number
  readonly tunnels: number
  readonly safeToStop: boolean
}

export function upstreamPath(name: string): string {
  return `/api/v1/upstreams/${encodeURIComponent(name)}`
}

export function serverPath(upstream: string, id: string): string {
  return `${upstreamPath(upstream)}/servers/${encodeURIComponent(id)}`
}
