import type { Selection } from '../servers/selection.js'
import type { Server } from '../servers/server.js'

/** Chooses among the servers of one list. */
export interface Chooser {
  /** None when the selection admits none of them. */
  choose(selection: Selection, nowS: number): Server | undefined
}

/**
 * Asks the primaries and, once none of them is left, the backups for good.
 * @param backups undefined where there are none.
 */
export function primariesThenBackups(
  primaries: Chooser,
  backups: Chooser | undefined,
  selection: Selection,
  nowS: number,
): Server | undefined {
  if (!selection.onBackups) {
    const server = primaries.choose(selection, nowS)
    if (server !== undefined || backups === undefined) return server
    selection.onBackups = true
  }
  return backups?.choose(selection, nowS)
}
