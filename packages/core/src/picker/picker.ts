import type { Selection } from '../servers/selection.js'
import type { Server } from '../servers/server.js'

/**
 * Chooses servers for one version of a pool. Built on the slow path, asked on the fast one: both
 * members are synchronous, allocate nothing, and depend on nothing but the pool, the servers'
 * counters, the selection and (`random`) the injected chance.
 */
export interface Picker {
  /**
   * The server for the request's next attempt, or undefined when none may take it (nginx's
   * BUSY). Takes no connection: the lease does.
   */
  pick(selection: Selection, nowS: number): Server | undefined
  /** Books a request that its binding sends to `server` whatever this picker thinks (2.3). */
  charge(server: Server, selection: Selection, nowS: number): void
}

/** How requests without a binding are balanced; parsed. */
export type BalanceConfig =
  | { readonly kind: 'round-robin' }
  | { readonly kind: 'least-conn' }
  | { readonly kind: 'random' }
  | { readonly kind: 'random-two' }
  | { readonly kind: 'ip-hash' }
  | {
      readonly kind: 'hash'
      readonly consistent: boolean
      /** Most load a server may carry, as a multiple of its fair share; undefined is no bound. */
      readonly loadFactor: number | undefined
    }
