import type { UpstreamConfig } from '../config.js'
import { MOST_ADDRESSES } from '../discovery/name.js'
import { OptionError } from '../kernel/errors.js'
import type { BalanceConfig } from '../picker/picker.js'
import type { ServerConfig } from '../servers/server.js'
import { readAddress } from './address.js'
import { refusesBackups } from './balance.js'
import { parseWith } from './parse.js'
import { type Entry, entrySchema } from './server.js'

/** A list from `discover`, as far as it can be used. */
export interface DiscoveredServers {
  readonly servers: readonly ServerConfig[]
  /** Addresses of which it says something that cannot be used. */
  readonly unclear: readonly string[]
  /** What is wrong with it, in words. */
  readonly problems: readonly string[]
}

/**
 * Reads lists that come while requests are served. One wrong entry must not cost the others: it is
 * told, and left out. What stood in the list before is not checked again, so that a list of a
 * thousand of which one has changed holds nobody up.
 */
export class DiscoveredReader {
  readonly #balance: BalanceConfig
  #known: ReadonlyMap<string, Entry> = new Map()

  constructor({ balance }: Pick<UpstreamConfig, 'balance'>) {
    this.#balance = balance
  }

  read(list: unknown): DiscoveredServers {
    if (!Array.isArray(list)) {
      return { servers: [], unclear: [], problems: ['is no list of servers'] }
    }
    const servers = new Map<string, ServerConfig>()
    const unclear: string[] = []
    const problems: string[] = []
    const known = new Map<string, Entry>()
    for (const [index, input] of list.entries()) {
      const path = `[${index}]`
      const text = JSON.stringify(input)
      const entry = this.#known.get(text) ?? tryEntry(input, path)
      const problem =
        servers.size === MOST_ADDRESSES
          ? `${path}: is one more than the ${MOST_ADDRESSES} servers that are used`
          : typeof entry === 'string'
            ? entry
            : this.#objection(entry, servers, path)
      if (problem === undefined && typeof entry !== 'string') {
        known.set(text, entry)
        servers.set(entry.server.address, entry.server)
        continue
      }
      if (problem !== undefined) problems.push(problem)
      const address = addressIn(input)
      if (address !== undefined && !servers.has(address)) unclear.push(address)
      if (servers.size === MOST_ADDRESSES) break
    }
    this.#known = known
    return { servers: [...servers.values()], unclear, problems }
  }

  /** What is wrong with an entry that is right by itself. */
  #objection(
    { server, lookup }: Entry,
    servers: ReadonlyMap<string, ServerConfig>,
    path: string,
  ): string | undefined {
    if (lookup !== undefined) return `${path}: must be an address: it is found already`
    if (servers.has(server.address)) return `${path}: is there twice; the first counts`
    return server.backup && refusesBackups(this.#balance)
      ? `${path}.backup: has no meaning with balance '${this.#balance.kind}'`
      : undefined
  }
}

function tryEntry(input: unknown, path: string): Entry | string {
  try {
    return parseWith(entrySchema, input, path)
  } catch (error) {
    if (error instanceof OptionError) return error.message
    throw error
  }
}

function addressIn(input: unknown): string | undefined {
  const written =
    typeof input === 'object' && input !== null && 'address' in input ? input.address : input
  if (typeof written !== 'string') return undefined
  const address = readAddress(written)
  return 'text' in address ? address.text : undefined
}
