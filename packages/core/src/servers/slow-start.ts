import type { Mode, Server } from './server.js'

/** What `servers` are up to, to be compared later. */
export function modesOf(servers: readonly Server[]): ReadonlyMap<Server, Mode> {
  return new Map(servers.map((server) => [server, modeNow(server)]))
}

/** Has those start slowly that were down in `before`, or are not in it at all. */
export function startSlowlyAfter(
  before: ReadonlyMap<Server, Mode>,
  servers: readonly Server[],
  nowS: number,
): void {
  for (const server of servers) {
    const was = before.get(server) ?? 'down'
    if (was === 'down' && modeNow(server) !== 'down') server.startSlowly(nowS)
  }
}

// One that settles has no sessions yet: its slow start comes when it may take them.
function modeNow({ config, mode }: Server): Mode {
  return config.stage === 'settling' && mode === 'drain' ? 'down' : mode
}
