import { type FoundAddress, MOST_ADDRESSES, type NameConfig } from '@holdfast/core'
import type { Family, NameServer } from './name-server.js'

/** What a name leads to now. */
export interface Finding {
  readonly found: readonly FoundAddress[]
  /** How long that holds; undefined where the DNS does not say. */
  readonly ttlMs: number | undefined
  /** Parts that could not be found out and stand as they were. */
  readonly problems: readonly string[]
}

interface Addresses {
  readonly ips: readonly string[]
  readonly ttlMs: number
  readonly problem: string | undefined
}

const FAMILIES: readonly Family[] = [4, 6]

/** So many targets of a service are looked up at a time. */
const BATCH = 32

/**
 * Finds the addresses of names, and remembers them by host and family: a part of an answer that
 * fails to come must not take servers away that the last one had.
 */
export class NameLookup {
  readonly #nameServer: NameServer
  readonly #last = new Map<string, readonly string[]>()

  constructor(nameServer: NameServer) {
    this.#nameServer = nameServer
  }

  /** @throws Error when nothing could be found out; the last finding stands then. */
  async find({ host, service }: NameConfig): Promise<Finding> {
    if (service === undefined) {
      const { ips, ...rest } = await this.#addressesOf(host)
      return { found: ips.map((ip) => ({ ip })), ...rest }
    }
    const records = await this.#nameServer.services(service)
    // A root for a target says that there is no such service (RFC 2782).
    const targets = [...new Set(records.map(({ target }) => target))].filter((it) => it !== '')
    const byTarget = await this.#addressesOfAll(targets.sort().slice(0, MOST_ADDRESSES))
    const found = records.flatMap(({ target, ...record }) =>
      (byTarget.get(target)?.ips ?? []).map((ip) => ({ ip, ...record })),
    )
    const parts = [...byTarget.values()]
    return {
      found,
      ttlMs: least(parts.map(({ ttlMs }) => ttlMs)),
      problems: parts.flatMap(({ problems }) => problems),
    }
  }

  async #addressesOfAll(hosts: readonly string[]): Promise<Map<string, HostFinding>> {
    const findings = new Map<string, HostFinding>()
    for (let start = 0; start < hosts.length; start += BATCH) {
      await Promise.all(
        hosts.slice(start, start + BATCH).map(async (host) => {
          findings.set(host, await this.#addressesOf(host))
        }),
      )
    }
    return findings
  }

  async #addressesOf(host: string): Promise<HostFinding> {
    const parts = await Promise.all(FAMILIES.map((family) => this.#addresses(host, family)))
    const ips = parts.flatMap((part) => part.ips)
    const problems = parts.flatMap(({ problem }) => problem ?? [])
    if (ips.length === 0 && problems[0] !== undefined) throw new Error(problems[0])
    return { ips, problems, ttlMs: least(parts.map(({ ttlMs }) => ttlMs)) }
  }

  async #addresses(host: string, family: Family): Promise<Addresses> {
    const key = `${family} ${host}`
    try {
      const records = await this.#nameServer.addresses(host, family)
      const ips = records.map(({ ip }) => ip)
      this.#last.set(key, ips)
      return { ips, ttlMs: Math.min(...records.map(({ ttlMs }) => ttlMs)), problem: undefined }
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      return { ips: this.#last.get(key) ?? [], ttlMs: Number.POSITIVE_INFINITY, problem }
    }
  }
}

interface HostFinding extends Omit<Finding, 'found'> {
  readonly ips: readonly string[]
}

function least(ttls: ReadonlyArray<number | undefined>): number | undefined {
  const known = ttls.filter((ttl) => ttl !== undefined && Number.isFinite(ttl)) as number[]
  return known.length === 0 ? undefined : Math.min(...known)
}
