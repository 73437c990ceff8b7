import type { Binding, BindingSource, MoveReason, Verdict } from '../affinity/binding.js'
import type { RequestFacts } from '../affinity/facts.js'
import type { RetryConfig } from '../config.js'
import { type Outcome, outcomes } from '../kernel/outcome.js'
import type { Picker } from '../picker/picker.js'
import type { Rebalancer } from '../rebalance/rebalancer.js'
import type { Pool } from '../servers/pool.js'
import type { Selection } from '../servers/selection.js'
import type { Server } from '../servers/server.js'
import { adoptersAmong } from './adoption.js'
import { Lease, type LeaseKeeper } from './lease.js'
import type { RetryBudget } from './retry-budget.js'
import { mayRetry, type RetryFacts } from './retry-policy.js'

/** The port through which attempts leave the core; the transport implements it. */
export interface Dispatcher {
  /** Sends the request to the lease's server. Its end must come back through `settle`. */
  dispatch(lease: Lease): void
}

/** What the passages through one upstream share. */
export interface PassageGround extends LeaseKeeper, Picker {
  readonly pool: Pool
  readonly failOpen: boolean
  /** Evens out the sessions of the servers, where that is wanted. */
  readonly rebalancer?: Rebalancer | undefined
}

/** How one registration of an upstream wants its requests treated. */
export interface PassageRules {
  readonly retry: RetryConfig
  /** What `retry.budget` says, and what is left of it. */
  readonly budget: RetryBudget | undefined
  /** `false` is nginx's `no_fallback`. */
  readonly fallback: boolean
  /** Whether a new session is a `new` one, or the request has no affinity at all. */
  readonly bindable: boolean
  /** Whether the key decides where requests without a binding go. */
  readonly keyed: boolean
}

const NONE: readonly Lease[] = Object.freeze([])

/**
 * One request's passage through an upstream: the only loop of attempts. The transport calls
 * `begin`, then `answered` or `settle` for every lease it was given, and `end` at the very end.
 */
export class Passage {
  readonly facts: RequestFacts
  readonly binding: Binding
  readonly startedMs: number

  readonly #ground: PassageGround
  readonly #rules: PassageRules
  readonly #selection: Selection
  #leases: readonly Lease[] = NONE
  #latest: Lease | undefined
  #moved: MoveReason | undefined
  #released = false
  #sent = 0

  constructor(
    ground: PassageGround,
    rules: PassageRules,
    facts: RequestFacts,
    binding: Binding,
    selection: Selection,
  ) {
    this.#ground = ground
    this.#rules = rules
    this.facts = facts
    this.binding = binding
    this.#selection = selection
    this.#moved = binding.lost
    this.startedMs = ground.nowMs()
  }

  /** Every attempt in order; the last one answered, if any did. */
  get leases(): readonly Lease[] {
    return this.#leases
  }

  /** Why the request is not where its binding wants it; undefined when it is, or has none. */
  get moved(): MoveReason | undefined {
    const bound = this.binding.server
    return bound !== undefined && bound === this.server ? undefined : this.#moved
  }

  get verdict(): Verdict | undefined {
    if (this.moved !== undefined) return 'moved'
    if (this.binding.server !== undefined) return 'kept'
    return this.#rules.bindable ? 'new' : undefined
  }

  get affinity(): BindingSource | 'key' | 'none' {
    if (this.binding.source !== 'none') return this.binding.source
    return this.#rules.keyed ? 'key' : 'none'
  }

  /** The server of the latest attempt. */
  get server(): Server | undefined {
    return this.#latest?.server
  }

  /** The server let the session go: it may be moved at its next request, whatever that is. */
  release(): void {
    this.#released = true
  }

  /** Books the request; to be called once, when the client has its answer or has gone. */
  end(): void {
    const { counters } = this.#ground
    const latest = this.#latest
    if (latest === undefined) return
    latest.closesRequest()
    const { verdict, moved } = this
    const { session } = this.binding
    if (session !== undefined) {
      const { server } = latest
      counters.see(session, server, Math.floor(this.#ground.nowMs() / 1000))
      this.#ground.rebalancer?.see(session.id, server, this.#released)
    }
    if (moved !== undefined) counters.affinity.countMoved(moved)
    else if (verdict === undefined) counters.affinity.none += 1
    else if (verdict === 'kept') counters.affinity.kept += 1
    else counters.affinity.new += 1
  }

  /** Sends the first attempt; false when no server may take the request. */
  begin(dispatcher: Dispatcher): boolean {
    this.#rules.budget?.request(this.startedMs)
    const nowMs = this.#ground.nowMs()
    const server = this.#choose(nowMs)
    if (server === undefined) return false
    dispatcher.dispatch(this.#lease(server, nowMs))
    return true
  }

  /**
   * Ends an attempt that brought no usable answer. True when the request is on its way to
   * another server; false when the client must be told.
   */
  settle(lease: Lease, outcome: Outcome, facts: RetryFacts, dispatcher: Dispatcher): boolean {
    lease.release(outcome)
    if (facts.sent) this.#sent += 1
    const nowMs = this.#ground.nowMs()
    const next = this.#next(outcome, 0, facts, nowMs)
    if (next === undefined) return false
    dispatcher.dispatch(this.#lease(next, nowMs))
    return true
  }

  /**
   * Whether a response with `status` is to be thrown away and the request sent elsewhere. As in
   * nginx it is a fail only if that really happens: the last server's answer goes to the client.
   * The caller has ended the exchange on the old connection when it dispatches.
   */
  retryStatus(lease: Lease, status: number, facts: RetryFacts): Server | undefined {
    if (!this.#rules.retry.statuses.has(status)) return undefined
    this.#sent += 1
    const next = this.#next(outcomes.status, status, facts, this.#ground.nowMs())
    if (next === undefined) {
      this.#sent -= 1
      return undefined
    }
    lease.status = status
    // 403 and 404 say nothing about the server's health (semantics 4.1).
    lease.release(status === 403 || status === 404 ? outcomes.elsewhere : outcomes.status)
    return next
  }

  /** Sends the next attempt to the server that `retryStatus` chose. */
  proceed(server: Server, dispatcher: Dispatcher): void {
    dispatcher.dispatch(this.#lease(server, this.#ground.nowMs()))
  }

  /** The server for one more attempt, paid for from the budget; undefined when that is it. */
  #next(outcome: Outcome, status: number, facts: RetryFacts, nowMs: number): Server | undefined {
    const { retry, budget } = this.#rules
    const ageMs = nowMs - this.startedMs
    if (!mayRetry(retry, outcome, status, facts, this.#sent, ageMs)) return undefined
    // What was never sent costs nobody anything. Asked before a server is chosen, since choosing
    // counts for that server, and booked after it, since there may be none.
    const charged = facts.sent ? budget : undefined
    if (charged?.hasRoom(nowMs) === false) return undefined
    const { tried } = this.#selection
    const last = this.#latest?.server
    if (last !== undefined && !tried.includes(last)) tried.push(last)
    const server = this.#choose(nowMs)
    if (server !== undefined) charged?.tryRetry(nowMs)
    return server
  }

  #lease(server: Server, nowMs: number): Lease {
    const lease = new Lease(this.#ground, server, this.#latest !== undefined, nowMs)
    // Not pushed: an array that grows makes room for sixteen more, and nearly all stay alone.
    this.#leases = this.#latest === undefined ? [lease] : [...this.#leases, lease]
    this.#latest = lease
    return lease
  }

  /** A session that lost its server in a rollout goes to one that joined in it, if there is any. */
  #pick(nowS: number): Server | undefined {
    const selection = this.#selection
    const adopters =
      this.#moved === undefined
        ? undefined
        : adoptersAmong(this.#ground.pool.primaries, selection, nowS)
    selection.gate = adopters
    const server = this.#ground.pick(selection, nowS)
    selection.gate = undefined
    if (adopters !== undefined && server !== undefined) server.adopted += 1
    return server
  }

  /** Where the session moves to even out the load; undefined where it stays. */
  #divert(bound: Server): Server | undefined {
    const { rebalancer } = this.#ground
    const { session } = this.binding
    if (rebalancer === undefined || session === undefined) return undefined
    // What failed there goes home again.
    this.#moved = undefined
    if (this.#latest !== undefined) return undefined
    // The upgrade of a connection belongs to what was said before it.
    const safe = this.facts.method === 'GET' && this.facts.header('upgrade') === ''
    const { id, seenS } = session
    const server = rebalancer.divert({ session: id, server: bound, safe, seenS })
    if (server !== undefined) this.#moved = 'rebalance'
    return server
  }

  #choose(nowMs: number): Server | undefined {
    const { failOpen } = this.#ground
    const nowS = Math.floor(nowMs / 1000)
    const bound = this.binding.server
    if (bound !== undefined) {
      const reason = this.#selection.hasTried(bound) ? 'failed' : bound.obstacle(nowS)
      if (reason === undefined) {
        const server = this.#divert(bound) ?? bound
        this.#ground.charge(server, this.#selection, nowS)
        return server
      }
      this.#moved ??= reason
      if (!this.#rules.fallback) return undefined
    }
    const server = this.#pick(nowS)
    return server ?? (failOpen ? this.#lastResort(bound, nowS) : undefined)
  }

  /**
   * With every server away it is likelier that we are wrong than that all are dead: the bound
   * server; else what would be picked if nobody checked, since live requests know better than
   * checks; else the server whose ejection ends first. Never one that is down or full.
   */
  #lastResort(bound: Server | undefined, nowS: number): Server | undefined {
    const { pool } = this.#ground
    const selection = this.#selection
    if (bound !== undefined && bound.intent !== 'down' && isFree(bound, selection)) return bound
    if (pool.servers.some(({ condition }) => condition !== 'well')) {
      selection.ignoreChecks()
      const server = this.#ground.pick(selection, nowS)
      if (server !== undefined) return server
    }
    return firstToReturn(pool, selection)
  }
}

function firstToReturn(pool: Pool, selection: Selection): Server | undefined {
  let first: Server | undefined
  for (const server of pool.servers) {
    // One that settles is well: better a session that some replica does not know yet than none.
    const open = server.intent === 'up' || server.config.stage === 'settling'
    if (!open || !isFree(server, selection)) continue
    if (first === undefined || gateOpens(server) < gateOpens(first)) first = server
  }
  return first
}

function isFree(server: Server, selection: Selection): boolean {
  return !server.full && !selection.hasTried(server)
}

function gateOpens(server: Server): number {
  return server.checked + server.ejectionS
}
