import type { Server } from '../servers/server.js'

/** A session as this replica has seen it last. */
export interface Resident {
  server: Server
  seenMs: number
  moved: Move | undefined
  /** Its server said that it may go at any request. */
  released: boolean
}

/** That a session was moved, once, and when: in seconds since 1970. */
export interface Move {
  readonly from: Server
  readonly to: Server
  readonly atS: number
}

/** A session not seen for so long does not count as anybody's load. */
const WINDOW_MS = 600_000

/** 100,000 sessions are some 20 MB; of more the latest are a sample as good as all. */
const MOST = 100_000

/** Which sessions are where, as far as this replica has served them lately. */
export class Census {
  /** The least recently seen first. */
  readonly #residents = new Map<string, Resident>()
  readonly #counts = new Map<Server, number>()

  get size(): number {
    return this.#residents.size
  }

  find(session: string): Resident | undefined {
    return this.#residents.get(session)
  }

  /** The sessions of `server`. */
  count(server: Server): number {
    return this.#counts.get(server) ?? 0
  }

  /** Books that the session is on `server` now. */
  see(session: string, server: Server, nowMs: number): Resident {
    const known = this.#residents.get(session)
    if (known !== undefined) {
      this.#residents.delete(session)
      this.#add(known.server, -1)
    }
    const resident = known ?? { server, seenMs: nowMs, moved: undefined, released: false }
    resident.server = server
    resident.seenMs = nowMs
    this.#residents.set(session, resident)
    this.#add(server, 1)
    this.#forget(nowMs)
    return resident
  }

  #forget(nowMs: number): void {
    for (const [session, { server, seenMs }] of this.#residents) {
      if (nowMs - seenMs <= WINDOW_MS && this.#residents.size <= MOST) return
      this.#residents.delete(session)
      this.#add(server, -1)
    }
  }

  #add(server: Server, change: number): void {
    const count = this.count(server) + change
    if (count === 0) this.#counts.delete(server)
    else this.#counts.set(server, count)
  }
}
