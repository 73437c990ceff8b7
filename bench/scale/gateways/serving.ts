import type { AddressInfo, Server } from 'node:net'
import { answering, memory, settings } from '../asked.js'

/** What a gateway of this folder has to serve. */
export interface GatewaySettings {
  readonly upstreams: ReadonlyArray<{
    readonly name: string
    readonly prefix: string
    readonly servers: readonly string[]
  }>
  /** Whether the servers are asked now and then how they are. */
  readonly checks: boolean
}

export const { upstreams, checks } = settings<GatewaySettings>()

/** Longer than any measurement: what is held is held. */
export const KEEP_ALIVE_MS = 3_600_000

export function serving(server: Server): void {
  answering((server.address() as AddressInfo).port, { memory })
}

/** The origins of some servers, one after the other. */
export function roundRobin(servers: readonly string[]): () => string {
  let turn = 0
  return () => {
    turn = (turn + 1) % servers.length
    return `http://${servers[turn]}`
  }
}
