import type { NameConfig } from '#core/discovery/name.js'
import type { ServerConfig } from '#core/servers/server.js'
import { serverConfig } from '../picker/fixtures.js'

export function nameConfig(more: Partial<NameConfig> = {}): NameConfig {
  return {
    label: 'shop.test:8080',
    host: 'shop.test',
    port: '8080',
    service: undefined,
    resolveMs: 5_000,
    like: serverConfig('shop.test:8080'),
    backups: true,
    position: 0,
    ...more,
  }
}

export function configs(...addresses: string[]): readonly ServerConfig[] {
  return addresses.map((address) => serverConfig(address))
}

/** `address` or `address stage`, in the order of the list. */
export function show(list: readonly ServerConfig[]): string[] {
  return list.map(({ address, stage }) => (stage === undefined ? address : `${address} ${stage}`))
}
