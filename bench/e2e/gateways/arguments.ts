import type { AddressInfo, Server } from 'node:net'

/** What a gateway is started with: the addresses of its servers. */
export const servers: readonly string[] = process.argv.slice(2)

/** Where a fleet of gateways meets, if this one is to be in a fleet. */
export const redis: string | undefined = process.env.BENCH_REDIS

/** The servers' origins, one after the other. */
export function roundRobin(): () => string {
  const origins = servers.map((address) => `http://${address}`)
  let turn = 0
  return () => {
    turn = (turn + 1) % origins.length
    return origins[turn] ?? ''
  }
}

/** Tells whoever started this gateway where it listens. */
export function listening(server: Server): void {
  process.send?.({ port: (server.address() as AddressInfo).port })
}
