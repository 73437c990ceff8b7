import type { Clock } from '../kernel/clock.js'
import type { Pool } from '../servers/pool.js'
import type { Server } from '../servers/server.js'
import { Census } from './census.js'
import { MoveBudget } from './move-budget.js'

/** How sessions may be moved to even out what servers carry. */
export interface RebalanceConfig {
  /** Sessions moved in any minute, at most, by one replica. */
  readonly perMinute: number
  /** How far from its share of the sessions a server may be, as a part of the share. */
  readonly margin: number
}

/** A request of a bound session, before it is sent. */
export interface BoundRequest {
  readonly session: string
  readonly server: Server
  /** Whether the request is one with which a session may change its server. */
  readonly safe: boolean
  /** When its cookie was issued last, in seconds since 1970: for one that was never seen here. */
  readonly seenS: number
}

// Who has just started has seen too few sessions to know anything.
const WARM_UP_MS = 60_000

/**
 * Moves sessions from servers that have more than their share to those that have less: within a
 * budget, the idle ones first, each once.
 */
export class Rebalancer {
  readonly #margin: number
  readonly #budget: MoveBudget
  readonly #clock: Clock
  readonly #startsMs: number
  readonly #census = new Census()
  #primaries: readonly Server[] = []

  constructor({ perMinute, margin }: RebalanceConfig, clock: Clock) {
    this.#margin = margin
    this.#budget = new MoveBudget(perMinute, clock.now())
    this.#clock = clock
    this.#startsMs = clock.now() + WARM_UP_MS
  }

  /** Takes a new membership. */
  follow({ primaries }: Pool): void {
    this.#primaries = primaries
  }

  /**
   * Books that a request of the session was served there.
   * @param released the server says that its next request may be served elsewhere.
   */
  see(session: string, server: Server, released: boolean): void {
    this.#census.see(session, server, this.#clock.now()).released = released
  }

  /** The server that the session is to go to instead of its own; undefined to leave it there. */
  divert({ session, server, safe, seenS }: BoundRequest): Server | undefined {
    const nowMs = this.#clock.now()
    const resident = this.#census.find(session)
    const nowS = Math.floor(nowMs / 1000)
    if (resident?.moved !== undefined) {
      const { from, to, atS } = resident.moved
      // Its client has not taken the new cookie yet, or sends many requests at once.
      const follows = server === from && seenS < atS && this.#primaries.includes(to)
      return follows && to.available(nowS) ? to : undefined
    }
    if (nowMs < this.#startsMs || !(safe || resident?.released)) return undefined
    const target = this.#relieve(server, nowS)
    if (target === undefined) return undefined
    const wallMs = this.#clock.wall()
    const idleMs = resident === undefined ? wallMs - seenS * 1000 : nowMs - resident.seenMs
    if (!this.#budget.take(idleMs, nowMs)) return undefined
    const atS = Math.floor(wallMs / 1000)
    this.#census.see(session, target, nowMs).moved = { from: server, to: target, atS }
    return target
  }

  /** Who should have one of the sessions of `server`, if one of the two is beyond the margin. */
  #relieve(server: Server, nowS: number): Server | undefined {
    let sessions = 0
    let weight = 0
    for (const one of this.#primaries) {
      if (!carries(one, nowS)) continue
      sessions += this.#census.count(one)
      weight += one.weightNow(nowS)
    }
    // The load of each as a multiple of its share.
    const load = (one: Server): number =>
      (this.#census.count(one) * weight) / (sessions * one.weightNow(nowS))
    if (sessions === 0 || !carries(server, nowS) || load(server) <= 1) return undefined
    let least: Server | undefined
    for (const one of this.#primaries) {
      if (!one.available(nowS)) continue
      if (least === undefined || load(one) < load(least)) least = one
    }
    if (least === undefined || load(least) >= 1) return undefined
    const beyond = load(server) > 1 + this.#margin || load(least) < 1 - this.#margin
    return beyond ? least : undefined
  }
}

/** One that drains or is ejected is to lose its sessions in its own time. */
function carries(server: Server, nowS: number): boolean {
  return server.mode === 'up' && !server.ejected(nowS)
}
