import type { Selection } from '../servers/selection.js'
import type { Server, WeightKeeper } from '../servers/server.js'
import type { Chooser } from './backups.js'
import { Rank } from './rank.js'
import { earned } from './smooth.js'

/** Places of servers that stand in no rank. */
const WATCHED = -1
const PARKED = -2

// Far from where what a server earns in so many passes is no longer exact, sixteenths included:
// 2^30 passes, weights below 2^16, and 2^4 leave 3 bits.
const MOST_PASSES = 2 ** 30

/**
 * Smooth weighted round robin (nginx/semantics 3.1) over one list, to the letter, without the walk
 * over the list. A server in its ordinary state earns its weight in every pass, so its current
 * weight is not written but known: what it had, and so many times its weight. Servers of one weight
 * never overtake each other but by paying, so the richest is the front of one of the ranks.
 *
 * Three states, by `#places`:
 * - in a rank: ordinary, until the server says that something about it changes;
 * - watched: looked at in every pass, as nginx looks at all. Who is ejected, starts slowly, or has
 *   lost weight to failures;
 * - parked: down or full, so that no pass concerns it, until it says that this has changed.
 */
export class Ledger implements Chooser, WeightKeeper {
  readonly #servers: readonly Server[]
  /** By slot, which is the index in the list: in a rank what it had before the first pass counted. */
  readonly #credits: Float64Array
  readonly #places: Int32Array
  readonly #ranks: Rank[] = []
  #watched: number[] = []
  /** Passes that those in the ranks have earned and nobody has written. */
  #passes = 0
  /** What all in the ranks earn in one pass. */
  #income = 0
  /** The richest so far in this pass, -1 when there is none, and what it has. */
  #richest = -1
  #most = 0
  /** Whether the servers' current weights are here; another list may have taken them. */
  #holds = false
  readonly #mostPasses: number

  constructor(servers: readonly Server[], mostPasses: number = MOST_PASSES) {
    this.#servers = servers
    this.#credits = new Float64Array(servers.length)
    this.#places = new Int32Array(servers.length)
    this.#mostPasses = mostPasses
  }

  /** One pass: all who may take the request earn, the richest is chosen and pays. */
  choose(selection: Selection, nowS: number): Server | undefined {
    const total = this.#pass(selection, nowS)
    for (const rank of this.#ranks) {
      const slot = rank.front
      if (slot >= 0) this.#compare(slot, this.currentWeightOf(slot))
    }
    if (this.#richest < 0) return undefined
    this.#pay(this.#richest, total)
    return this.#servers[this.#richest]
  }

  /** One pass in which `server` pays, whoever is the richest (2.3). */
  charge(server: Server, selection: Selection, nowS: number): void {
    const total = this.#pass(selection, nowS)
    if (server.keeper === this) this.#pay(server.slot, total)
    // It has left the list since the request came in.
    else server.currentWeight -= total
  }

  currentWeightOf(slot: number): number {
    const credit = this.#credits[slot] as number
    return (this.#places[slot] as number) < 0
      ? credit
      : credit + (this.#servers[slot] as Server).weight * this.#passes
  }

  setCurrentWeight(slot: number, currentWeight: number): void {
    this.release(slot)
    this.#credits[slot] = currentWeight
  }

  release(slot: number): void {
    const place = this.#places[slot] as number
    if (place === WATCHED) return
    if (place !== PARKED) {
      const { weight } = this.#servers[slot] as Server
      this.#rankOf(weight).remove(slot)
      this.#income -= weight
      this.#credits[slot] = (this.#credits[slot] as number) + weight * this.#passes
    }
    this.#places[slot] = WATCHED
    this.#watched.push(slot)
  }

  giveUp(): void {
    for (const server of this.#servers) {
      if (server.keeper !== this) continue
      const { currentWeight } = server
      server.keeper = undefined
      server.currentWeight = currentWeight
    }
    this.#holds = false
  }

  /** Everyone who may take the request earns; returns how much that was in all. */
  #pass(selection: Selection, nowS: number): number {
    if (!this.#holds) this.#take()
    const ordinary = selection.tried.length === 0 && !selection.isParticular
    if (!ordinary) this.#releaseFor(selection)
    this.#richest = -1
    let total = this.#watched.length === 0 ? 0 : this.#visit(selection, nowS, ordinary)
    total += this.#income
    this.#passes += 1
    if (this.#passes >= this.#mostPasses) this.#write()
    return total
  }

  /** nginx's pass over those that are watched, and where they go if they need not be any more. */
  #visit(selection: Selection, nowS: number, ordinary: boolean): number {
    const credits = this.#credits
    const watched = this.#watched
    let total = 0
    let kept = 0
    for (const slot of watched) {
      const server = this.#servers[slot] as Server
      if (ordinary && server.steady(nowS)) {
        this.#enrol(slot, server.weight)
        continue
      }
      if (selection.admits(server, nowS)) {
        const income = earned(server, nowS)
        total += income
        const credit = (credits[slot] as number) + income
        credits[slot] = credit
        this.#compare(slot, credit)
      } else if (server.closed) {
        this.#places[slot] = PARKED
        continue
      }
      watched[kept] = slot
      kept += 1
    }
    watched.length = kept
    return total
  }

  #compare(slot: number, credit: number): void {
    const most = this.#most
    // Of equals the first of the list.
    const less = credit < most || (credit === most && slot > this.#richest)
    if (less && this.#richest >= 0) return
    this.#richest = slot
    this.#most = credit
  }

  #enrol(slot: number, weight: number): void {
    this.#credits[slot] = (this.#credits[slot] as number) - weight * this.#passes
    this.#rankOf(weight).add(slot)
    this.#income += weight
  }

  /** Has those looked at that this request must treat otherwise than the next one. */
  #releaseFor(selection: Selection): void {
    if (selection.isParticular) {
      for (let slot = 0; slot < this.#servers.length; slot += 1) this.release(slot)
    } else {
      for (const { keeper, slot } of selection.tried) if (keeper === this) this.release(slot)
    }
  }

  #pay(slot: number, amount: number): void {
    this.#credits[slot] = (this.#credits[slot] as number) - amount
    if ((this.#places[slot] as number) < 0) return
    this.#rankOf((this.#servers[slot] as Server).weight).paid(slot)
  }

  #rankOf(weight: number): Rank {
    for (const rank of this.#ranks) if (rank.weight === weight) return rank
    const rank = new Rank(weight, this.#credits, this.#places)
    this.#ranks.push(rank)
    return rank
  }

  /** Writes down what those in the ranks have earned. */
  #write(): void {
    for (let slot = 0; slot < this.#servers.length; slot += 1) {
      if ((this.#places[slot] as number) >= 0) this.#credits[slot] = this.currentWeightOf(slot)
    }
    this.#passes = 0
  }

  #take(): void {
    this.#watched = []
    for (const rank of this.#ranks) rank.clear()
    this.#income = 0
    this.#servers.forEach((server, slot) => {
      server.keeper?.giveUp()
      this.#credits[slot] = server.currentWeight
      this.#places[slot] = WATCHED
      this.#watched.push(slot)
      server.keeper = this
      server.slot = slot
    })
    this.#holds = true
  }
}
