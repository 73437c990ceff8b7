import type { Server } from '@holdfast/core'

/** nginx's `$proxy_host`: what the server is called in the configuration. */
export function proxyHost(server: Server): string {
  return /^unix:/i.test(server.address) ? 'localhost' : (server.config.name ?? server.address)
}
