import { Server, type ServerConfig } from './server.js'

/** One version of an upstream's membership. Never changed: an update makes the next one. */
export interface Pool {
  /** Counts up with every change of membership, weight or order. */
  readonly version: number
  /** In the order of the configuration, servers that are down included. */
  readonly primaries: readonly Server[]
  readonly backups: readonly Server[]
  /** Primaries, then backups. */
  readonly servers: readonly Server[]
  /** Of the primaries, servers that are down included. */
  readonly totalWeight: number
  /** One primary and no backup: nginx never ejects such a server and never retries (4.2). */
  readonly single: boolean
}

/** Builds a pool; servers that `previous` already had keep their counters and health. */
export function createPool(configs: readonly ServerConfig[], previous?: Pool): Pool {
  const known = new Map(previous?.servers.map((server) => [identity(server.config), server]))
  const servers = configs.map((config) => {
    const server = known.get(identity(config))
    if (server === undefined) return new Server(config)
    server.reconfigure(config)
    return server
  })
  return assemble(servers, (previous?.version ?? 0) + 1)
}

/** The next version with the same servers, after a weight of one of them has changed. */
export function nextVersion(pool: Pool): Pool {
  return assemble(pool.servers, pool.version + 1)
}

function assemble(members: readonly Server[], version: number): Pool {
  const primaries = members.filter((server) => !server.config.backup)
  const backups = members.filter((server) => server.config.backup)
  // The lists are not frozen: V8 walks a frozen array at half the speed.
  return Object.freeze({
    version,
    primaries,
    backups,
    servers: [...primaries, ...backups],
    totalWeight: primaries.reduce((sum, server) => sum + server.weight, 0),
    single: primaries.length === 1 && backups.length === 0,
  })
}

/**
 * What makes a server the same one in another list, of this replica or another. A recycled address
 * with another incarnation is another server: it inherits no health.
 */
export function identity(config: ServerConfig): string {
  return `${config.address} ${config.incarnation}`
}
