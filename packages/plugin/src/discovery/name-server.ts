import { Resolver } from 'node:dns/promises'

/** An address with how long it may be kept. */
export interface AddressRecord {
  readonly ip: string
  readonly ttlMs: number
}

export interface ServiceRecord {
  readonly target: string
  readonly port: number
  readonly priority: number
  readonly weight: number
}

/** Where names are looked up: the port through which discovery asks the DNS. */
export interface NameServer {
  /** The A or AAAA records of `host`; empty where it has none. */
  addresses(host: string, family: Family): Promise<readonly AddressRecord[]>
  /** The SRV records of `service`; empty where it has none. */
  services(service: string): Promise<readonly ServiceRecord[]>
  /** Gives up what is being looked up. */
  close(): void
}

export type Family = 4 | 6

// A resolver that is gone must be known to be within the interval, or two at the most.
const TIMEOUT_MS = 2_000
const TRIES = 2

/**
 * The name servers that the machine is configured with. Not `dns.lookup`, which knows no time to
 * live and occupies a thread of the pool; so neither hosts files nor search domains count.
 * @param servers `address:port`; the machine's when absent.
 */
export function createNameServer(servers?: readonly string[]): NameServer {
  let resolver: Resolver | undefined
  const ask = (): Resolver => {
    if (resolver === undefined) {
      resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES })
      if (servers !== undefined) resolver.setServers(servers)
    }
    return resolver
  }
  return {
    async addresses(host, family) {
      const records = await orNone(
        family === 4 ? ask().resolve4(host, { ttl: true }) : ask().resolve6(host, { ttl: true }),
      )
      return records.map(({ address, ttl }) => ({ ip: address, ttlMs: ttl * 1000 }))
    },
    async services(service) {
      const records = await orNone(ask().resolveSrv(service))
      return records.map(({ name, ...record }) => ({ target: name, ...record }))
    },
    close: () => resolver?.cancel(),
  }
}

/** That there is nothing is an answer too. */
async function orNone<T>(records: Promise<T[]>): Promise<T[]> {
  try {
    return await records
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENODATA' || code === 'ENOTFOUND') return []
    throw error
  }
}
