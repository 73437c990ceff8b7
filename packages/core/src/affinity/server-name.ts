import { createHash } from 'node:crypto'
import { byteString } from '../kernel/bytes.js'
import type { Server } from '../servers/server.js'
import { canonicalAddress } from './address.js'

/**
 * The id by which nginx's own `sticky` knows a server (nginx/semantics 2.1): its `route`, or else
 * the MD5 of its address with the port.
 */
export function nginxServerId(server: Server): string {
  const { route } = server.config
  if (route !== undefined) return byteString(route)
  return createHash('md5').update(addressWithPort(server.address)).digest('hex')
}

/** An address as nginx prints a resolved one: always with a port, IPv6 compressed. */
export function addressWithPort(address: string): string {
  if (address.startsWith('unix:')) return address
  const [, host = address, port = '80'] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(address) ?? []
  const canonical = canonicalAddress(host)
  return `${canonical?.includes(':') ? `[${canonical}]` : host}:${port}`
}
