import type { AddressInfo, Server } from 'node:net'

/** What a gateway is started with: the addresses of its servers. */
export const servers: readonly string[] = process.argv.slice(2)

/** Tells whoever started this gateway where it listens. */
export function listening(server: Server): void {
  process.send?.({ port: (server.address() as AddressInfo).port })
}
