import type { UpstreamConfig } from '../config.js'
import { MOST_ADDRESSES } from '../discovery/name.js'
import { OptionError } from '../kernel/errors.js'
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
 * Reads a list that came while requests are served. One wrong entry must not cost the others: it
 * is told, and left out.
 */
export function parseDiscovered(
  list: unknown,
  { balance }: Pick<UpstreamConfig, 'balance'>,
): DiscoveredServers {
  if (!Array.isArray(list)) return { servers: [], unclear: [], problems: ['is no list of servers'] }
  const servers = new Map<string, ServerConfig>()
  const unclear: string[] = []
  const problems: string[] = []
  for (const [index, input] of list.entries()) {
    const path = `[${index}]`
    const refuse = (problem: string): void => {
      problems.push(problem)
      const address = addressIn(input)
      if (address !== undefined && !servers.has(address)) unclear.push(address)
    }
    if (servers.size === MOST_ADDRESSES) {
      refuse(`${path}: is one more than the ${MOST_ADDRESSES} servers that are used`)
      break
    }
    const entry = tryEntry(input, path)
    if (typeof entry === 'string') refuse(entry)
    else if (entry.lookup !== undefined) refuse(`${path}: must be an address: it is found already`)
    else if (servers.has(entry.server.address)) refuse(`${path}: is there twice; the first counts`)
    else if (entry.server.backup && refusesBackups(balance)) {
      refuse(`${path}.backup: has no meaning with balance '${balance.kind}'`)
    } else servers.set(entry.server.address, entry.server)
  }
  return { servers: [...servers.values()], unclear, problems }
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
