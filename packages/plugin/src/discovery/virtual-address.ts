import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { Upstream } from '@holdfast/core'
import type { FastifyBaseLogger } from 'fastify'

/** All addresses of a name, as connections will find them. */
export type HostLookup = (
  host: string,
) => Promise<ReadonlyArray<{ readonly address: string; readonly family: number }>>

/** The machine's own, with its hosts file and search domains. */
export const systemHostLookup: HostLookup = (host) => lookup(host, { all: true })

/**
 * Says where a server is a name with several addresses and not resolved by us: each connection
 * then goes to any of them, and no session holds. A name that cannot be looked up is no news here:
 * its requests will tell.
 */
export async function warnOfSharedNames(
  { name, config }: Upstream,
  find: HostLookup,
  log: FastifyBaseLogger,
): Promise<void> {
  for (const { address } of config.servers) {
    const host = hostOf(address)
    if (host === undefined) continue
    const found = await find(host).catch(() => [])
    // One address of each family is one machine.
    const families = found.map(({ family }) => family)
    if (new Set(families).size === families.length) continue
    log.warn(
      { upstream: name, server: address, addresses: found.map((one) => one.address) },
      "a server's name has several addresses: give it `resolve`, or sessions will not hold",
    )
  }
}

function hostOf(address: string): string | undefined {
  if (address.startsWith('unix:') || address.startsWith('[')) return undefined
  const [host = ''] = address.split(':')
  return isIP(host) === 0 ? host : undefined
}
