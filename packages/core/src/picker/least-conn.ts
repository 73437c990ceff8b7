import type { Pool } from '../servers/pool.js'
import type { Selection } from '../servers/selection.js'
import type { Server } from '../servers/server.js'
import { primariesThenBackups } from './backups.js'
import { compareLoad } from './load.js'
import type { Picker } from './picker.js'
import { earn } from './smooth.js'

/** The server with the fewest connections for its weight (nginx/semantics 3.5). */
export class LeastConn implements Picker {
  readonly #pool: Pool

  constructor(pool: Pool) {
    this.#pool = pool
  }

  pick(selection: Selection, nowS: number): Server | undefined {
    return primariesThenBackups(leastLoaded, this.#pool, selection, nowS)
  }

  charge(): void {}
}

function leastLoaded(
  servers: readonly Server[],
  selection: Selection,
  nowS: number,
): Server | undefined {
  let least: Server | undefined
  let tied = false
  for (const server of servers) {
    if (!selection.admits(server, nowS)) continue
    const order = least === undefined ? -1 : compareLoad(server, least, nowS)
    if (order < 0) {
      least = server
      tied = false
    } else if (order === 0) {
      tied = true
    }
  }
  return least !== undefined && tied ? smoothAmongTied(servers, least, selection, nowS) : least
}

/** The pass of 3.1 among those that carry no more than `least`, the first of them. */
function smoothAmongTied(
  servers: readonly Server[],
  least: Server,
  selection: Selection,
  nowS: number,
): Server {
  let total = 0
  let best = least
  for (const server of servers) {
    if (!selection.admits(server, nowS) || compareLoad(server, least, nowS) !== 0) continue
    total += earn(server, nowS)
    if (server.currentWeight > best.currentWeight) best = server
  }
  best.currentWeight -= total
  return best
}
