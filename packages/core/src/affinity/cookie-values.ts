import type { Pool } from '../servers/pool.js'
import type { Server } from '../servers/server.js'
import type { Binding, MoveReason, Session } from './binding.js'

/** One way of naming a server in a cookie's value. */
export interface CookieValues {
  /** Takes a new membership; called before anything else. */
  follow(pool: Pool): void
  /**
   * What a value binds its request to. A bare reason means that the value proves nothing, so
   * that another one of the request may count; it stands if none does.
   */
  read(value: string): Binding | MoveReason
  /** The value that binds to `server`, if this format has one for it. */
  write(server: Server, session: Session | undefined): string | undefined
  /** Takes new keys, the newest first. */
  rekey(keys: readonly string[]): void
}

/** The binding of a request whose cookie leads to a server. */
export function boundBinding(server: Server, session?: Session, due = false): Binding {
  return binding(server, undefined, session, due)
}

/** The binding of a request whose cookie leads nowhere. */
export function lostBinding(lost: MoveReason, session?: Session): Binding {
  return binding(undefined, lost, session, false)
}

// Frozen, because one object serves every request that says the same.
function binding(
  server: Server | undefined,
  lost: MoveReason | undefined,
  session: Session | undefined,
  due: boolean,
): Binding {
  return Object.freeze({ source: 'cookie', server, lost, session, due, serverPart: undefined })
}
