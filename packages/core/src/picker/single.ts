import type { Selection } from '../servers/selection.js'
import type { Server } from '../servers/server.js'
import type { Picker } from './picker.js'

/**
 * The only server of its upstream: there is nowhere else to go, so its fails keep no request
 * away (nginx/semantics 4.2).
 */
export class Single implements Picker {
  readonly #server: Server

  constructor(server: Server) {
    this.#server = server
  }

  pick(selection: Selection): Server | undefined {
    const server = this.#server
    return server.mode === 'up' && !server.full && !selection.hasTried(server) ? server : undefined
  }

  charge(): void {}
}
