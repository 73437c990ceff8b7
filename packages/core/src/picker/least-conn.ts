import type { Pool } from '../servers/pool.js'
import type { Selection } from '../servers/selection.js'
import type { Server } from '../servers/server.js'
import { type Chooser, primariesThenBackups } from './backups.js'
import { compareLoad } from './load.js'
import type { Picker } from './picker.js'
import { earned } from './smooth.js'

/** The server with the fewest connections for its weight (nginx/semantics 3.5). */
export class LeastConn implements Picker {
  readonly #primaries: Chooser
  readonly #backups: Chooser | undefined

  constructor({ primaries, backups }: Pool) {
    this.#primaries = new LeastLoaded(primaries)
    this.#backups = backups.length === 0 ? undefined : new LeastLoaded(backups)
  }

  pick(selection: Selection, nowS: number): Server | undefined {
    return primariesThenBackups(this.#primaries, this.#backups, selection, nowS)
  }

  charge(): void {}
}

class LeastLoaded implements Chooser {
  readonly #servers: readonly Server[]

  constructor(servers: readonly Server[]) {
    this.#servers = servers
  }

  choose(selection: Selection, nowS: number): Server | undefined {
    let least: Server | undefined
    let tied = false
    for (const server of this.#servers) {
      if (!selection.admits(server, nowS)) continue
      const order = least === undefined ? -1 : compareLoad(server, least, nowS)
      if (order < 0) {
        least = server
        tied = false
      } else if (order === 0) {
        tied = true
      }
    }
    return least !== undefined && tied
      ? smoothAmongTied(this.#servers, least, selection, nowS)
      : least
  }
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
    const income = earned(server, nowS)
    total += income
    server.currentWeight += income
    if (server.currentWeight > best.currentWeight) best = server
  }
  best.currentWeight -= total
  return best
}
