import type { BalanceConfig, Picker } from '#core/picker/picker.js'
import { createPool, type Pool } from '#core/servers/pool.js'
import { Selection } from '#core/servers/selection.js'
import type { Server, ServerConfig } from '#core/servers/server.js'

/** A time at which nothing has happened yet. */
export const NOW_S = 1_000

/** A server's options with nginx's defaults. */
export function serverConfig(address: string, rest: Partial<ServerConfig> = {}): ServerConfig {
  return {
    address,
    id: address,
    tls: false,
    incarnation: 0,
    weight: 1,
    maxFails: 1,
    failTimeoutS: 10,
    slowStartS: 0,
    maxConns: 0,
    backup: false,
    down: false,
    drain: false,
    route: undefined,
    ...rest,
  }
}

/** Servers named a, b, c... with these weights. */
export function weighted(...weights: number[]): Pool {
  return createPool(
    weights.map((weight, i) => serverConfig(String.fromCharCode(97 + i), { weight })),
  )
}

/** `count` equal servers with addresses as a private network has them. */
export function equalServers(count: number): Pool {
  return createPool(
    Array.from({ length: count }, (_, i) => serverConfig(`10.0.${i >> 8}.${i & 255}:8080`)),
  )
}

export function selectionFor(key = '', remoteAddress = ''): Selection {
  const selection = new Selection()
  selection.key = key
  selection.remoteAddress = remoteAddress
  return selection
}

/** Picks as one request after another, each over before the next; yields the addresses. */
export function sequence(picker: Picker, count: number, nowS = NOW_S): string[] {
  return Array.from({ length: count }, () => picker.pick(selectionFor(), nowS)?.address ?? '-')
}

/** Every server that one request reaches when each of its attempts is tried elsewhere. */
export function attempts(picker: Picker, selection: Selection, nowS = NOW_S): Server[] {
  for (;;) {
    const server = picker.pick(selection, nowS)
    if (server === undefined) return selection.tried
    selection.tried.push(server)
  }
}

/** A health that the passive check would give: `fails` just now. */
export function eject(server: Server, nowS = NOW_S): void {
  server.fails = server.config.maxFails
  server.accessed = nowS
  server.checked = nowS
}

export const hashConsistent = {
  kind: 'hash',
  consistent: true,
  loadFactor: undefined,
} as const satisfies BalanceConfig

export const hashPlain = { ...hashConsistent, consistent: false } as const satisfies BalanceConfig
