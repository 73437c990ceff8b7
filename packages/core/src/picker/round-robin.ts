import type { Pool } from '../servers/pool.js'
import type { Selection } from '../servers/selection.js'
import type { Server } from '../servers/server.js'
import { primariesThenBackups } from './backups.js'
import type { Picker } from './picker.js'
import { smoothPass } from './smooth.js'

/** Smooth weighted round robin, nginx's default (nginx/semantics 3.1). */
export class RoundRobin implements Picker {
  readonly #pool: Pool

  constructor(pool: Pool) {
    this.#pool = pool
  }

  pick(selection: Selection, nowS: number): Server | undefined {
    return primariesThenBackups(smoothPass, this.#pool, selection, nowS)
  }

  charge(server: Server, selection: Selection, nowS: number): void {
    if (server.config.backup) return
    const { primaries, totalWeight } = this.#pool
    // A server this deep in debt has been booked already: were all its bound traffic booked, the
    // debt would outgrow any time in which new sessions could find it again.
    if (server.currentWeight <= server.weight - totalWeight) return
    smoothPass(primaries, selection, nowS, server)
  }
}
