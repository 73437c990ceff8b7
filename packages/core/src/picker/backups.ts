import type { Pool } from '../servers/pool.js'
import type { Selection } from '../servers/selection.js'
import type { Server } from '../servers/server.js'

/** Chooses one of `servers`, or none when the selection admits none of them. */
export type Choice = (
  servers: readonly Server[],
  selection: Selection,
  nowS: number,
) => Server | undefined

/** Applies `choose` to the primaries and, once none of them is left, to the backups for good. */
export function primariesThenBackups(
  choose: Choice,
  pool: Pool,
  selection: Selection,
  nowS: number,
): Server | undefined {
  if (!selection.onBackups) {
    const server = choose(pool.primaries, selection, nowS)
    if (server !== undefined || pool.backups.length === 0) return server
    selection.onBackups = true
  }
  return choose(pool.backups, selection, nowS)
}
