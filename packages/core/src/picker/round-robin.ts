import type { Pool } from '../servers/pool.js'
import type { Selection } from '../servers/selection.js'
import type { Server } from '../servers/server.js'
import { primariesThenBackups } from './backups.js'
import { Ledger } from './ledger.js'
import type { Picker } from './picker.js'

/** Smooth weighted round robin, nginx's default (nginx/semantics 3.1). */
export class RoundRobin implements Picker {
  readonly #primaries: Ledger
  readonly #backups: Ledger | undefined
  readonly #totalWeight: number

  constructor({ primaries, backups, totalWeight }: Pool) {
    this.#primaries = new Ledger(primaries)
    this.#backups = backups.length === 0 ? undefined : new Ledger(backups)
    this.#totalWeight = totalWeight
  }

  pick(selection: Selection, nowS: number): Server | undefined {
    return primariesThenBackups(this.#primaries, this.#backups, selection, nowS)
  }

  charge(server: Server, selection: Selection, nowS: number): void {
    if (server.config.backup) return
    // A server this deep in debt has been booked already: were all its bound traffic booked, the
    // debt would outgrow any time in which new sessions could find it again.
    if (server.currentWeight <= server.weight - this.#totalWeight) return
    this.#primaries.charge(server, selection, nowS)
  }
}
