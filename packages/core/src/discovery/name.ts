import type { ServerConfig } from '../servers/server.js'

/** An entry of the server list that is a name: it stands for every address that it leads to. */
export interface NameConfig {
  /** As configured, with its port or its service: what logs call it. */
  readonly label: string
  readonly host: string
  /** Of all its servers; undefined where none is written or the service's records say it. */
  readonly port: string | undefined
  /** The SRV records to look up, such as `_http._tcp.example.com`. */
  readonly service: string | undefined
  /** The longest time between two lookups. */
  readonly resolveMs: number
  /** What its servers are like, but for their addresses. */
  readonly like: ServerConfig
  /** Whether records of a lower priority may stand by as backups; else they are left out. */
  readonly backups: boolean
  /** How many of the servers that are listed by address stand before it. */
  readonly position: number
}

/** One address that a lookup has found, with what an SRV record says of it. */
export interface FoundAddress {
  /** IPv4 or IPv6, without brackets. */
  readonly ip: string
  readonly port?: number
  readonly weight?: number
  /** Lower comes first. */
  readonly priority?: number
}

/** A thousand servers are more than one name should stand for, and still cost little. */
export const MOST_ADDRESSES = 1_000

/**
 * The servers that a name stands for, in an order that is the same on every replica whatever the
 * order of the answer. What is beyond MOST_ADDRESSES is left out.
 */
export function serversOf(
  name: NameConfig,
  found: readonly FoundAddress[],
): readonly ServerConfig[] {
  const first = Math.min(...found.map(({ priority = 0 }) => priority))
  const servers = new Map<string, ServerConfig>()
  for (const { ip, port, weight, priority = 0 } of found) {
    const standsBy = priority > first
    if (standsBy && !name.backups) continue
    const address = addressOf(ip, port === undefined ? name.port : `${port}`)
    const known = servers.get(address)
    // Of an address that is named twice the better record counts.
    if (known !== undefined && (!known.backup || standsBy)) continue
    servers.set(address, {
      ...name.like,
      address,
      id: name.like.id === name.label ? address : `${name.like.id}-${address}`,
      name: name.port === undefined ? name.host : `${name.host}:${name.port}`,
      weight: Math.min(name.like.weight * Math.max(1, weight ?? 1), MOST_WEIGHT),
      backup: name.like.backup || standsBy,
    })
  }
  return [...servers.values()].sort(byAddress).slice(0, MOST_ADDRESSES)
}

const MOST_WEIGHT = 65_535

function addressOf(ip: string, port: string | undefined): string {
  const host = ip.includes(':') ? `[${ip}]` : ip
  return port === undefined ? host : `${host}:${port}`
}

/** By the text, since the text is the identity. */
export function byAddress(a: ServerConfig, b: ServerConfig): number {
  return a.address < b.address ? -1 : a.address > b.address ? 1 : 0
}
