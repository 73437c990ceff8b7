import type { Clock, Timers } from '../kernel/clock.js'
import type { Event } from '../kernel/event.js'
import { identity } from '../servers/pool.js'
import type { Override, Server } from '../servers/server.js'
import type { InsuredStore } from './insured-store.js'
import { Probes } from './probes.js'
import type { EjectionRecord, FleetNews, OverrideRecord, SessionNews } from './record.js'
import { Records } from './records.js'
import { SessionQueue } from './session-queue.js'
import { type FailReport, type FleetState, type Message, UNLISTED_MS } from './store.js'
import type { StoreClock } from './store-clock.js'
import { Troubles } from './troubles.js'
import { View } from './view.js'

/** What the fleet needs of an upstream. */
export interface FleetUpstream {
  readonly name: string
  readonly servers: readonly Server[]
  readonly health: FleetHealth
  /** The sessions that it learns, where it learns any. */
  readonly sessions?: FleetSessions | undefined
  /** What an operator said elsewhere. */
  override(server: Server, override: Override, by: string | undefined): void
}

/** What the fleet may do to the health of servers. */
export interface FleetHealth {
  /** How long an ejection lasts by the upstream's own rules, in milliseconds. */
  ejectionMs(server: Server, inARow: number): number
  /** Takes a server out because others saw it fail; false where no more may be out. */
  eject(server: Server, forMs: number, inARow: number, voters: readonly string[]): boolean
  /** Takes it back: somebody's probe went well, or the word of those who saw it fail is void. */
  restore(server: Server): void
}

/** Sessions by the digests of their ids, and servers by their identities. */
export interface FleetSessions {
  /** Occurs for every session that the others should know of. */
  readonly learned: Event<{ readonly digest: string; readonly server: string }>
  /** Takes what another replica has learned. */
  adopt(digest: string, server: string): void
}

export interface MemberPorts {
  readonly replica: string
  readonly quorum: number
  readonly store: InsuredStore
  readonly storeClock: StoreClock
  readonly clock: Clock
  readonly timers: Timers
}

/** Everything is read anew so often, since news may get lost. */
const RESYNC_MS = 2_000
/** A store that is down is tried so often. */
const RETRY_MS = 500
/** Fails that come together are told together: that shows whether it is the replica. */
const GATHER_MS = 10
/** Messages are at least so far apart. */
const BATCH_MS = 50
/** The longest ejection that is taken from others. */
const LONGEST_MS = 86_400_000
const MOST_IN_A_ROW = 20

/** One replica's part in the fleet of one upstream. */
export class Member {
  readonly view: View
  readonly #upstream: FleetUpstream
  readonly #ports: MemberPorts
  readonly #probes: Probes
  readonly #troubles = new Troubles()
  readonly #records = new Records()
  readonly #sessions = new SessionQueue()
  /** Ejections in force here on the fleet's word, by the version of that. */
  readonly #adopted = new Map<Server, number>()
  /** The latest return that was acted on. */
  readonly #heeded = new WeakMap<Server, number>()
  readonly #unsubscribe: ReadonlyArray<() => void>
  readonly #ready: Promise<void>

  #fails = new Map<Server, { count: number; again: boolean }>()
  #returned = new Set<string>()
  #stamp = ''
  #memberSinceMs: number | undefined
  #sentMs = Number.NEGATIVE_INFINITY
  #dueMs = Number.POSITIVE_INFINITY
  #cancelTimer: () => void = () => {}
  #busy = false
  #closed = false
  #tellReady: () => void = () => {}

  constructor(upstream: FleetUpstream, ports: MemberPorts) {
    const { store, replica, clock, timers } = ports
    this.#upstream = upstream
    this.#ports = ports
    this.view = new View(replica, clock)
    this.#ready = new Promise((resolve) => {
      this.#tellReady = resolve
    })
    this.#probes = new Probes({
      clock,
      timers,
      isShared: () => store.health === 'up' && !this.#closed,
      ask: (server) => store.lease(upstream.name, identity(server.config), replica),
    })
    this.#unsubscribe = [
      store.subscribe(upstream.name, (news) => this.#hear(news)),
      upstream.sessions?.learned.on(({ digest, server }) => {
        this.#sessions.put(digest, server)
        this.#schedule(GATHER_MS)
      }) ?? (() => {}),
    ]
    this.follow()
    this.#schedule(0)
  }

  /** Resolves when the store was asked for the first time, whether it answered or not. */
  get ready(): Promise<void> {
    return this.#ready
  }

  /**
   * What became of a request here, and what that changed in the server's health. Fails and returns
   * are told to the fleet, successes are not.
   */
  observe(server: Server, event: 'pick' | 'fail' | 'ok', change: string | undefined): void {
    if (event === 'fail') {
      const wasProbe = change === 'ejected' && this.#probes.settle(server)
      this.#troubles.fail(server, this.#ports.clock.now())
      this.#report(server, wasProbe)
    } else if (event === 'ok') {
      this.#troubles.ok(server)
    }
    if (change === 'probing') this.#probes.began(server)
    if (change === 'returned') this.#tellReturn(server)
  }

  /** Takes the upstream's new list: what the fleet knows of its servers applies at once. */
  follow(): void {
    const { servers } = this.#upstream
    for (const server of servers) {
      server.probeGate = this.#probes
      this.#apply(server)
    }
    this.#probes.keepOnly(servers)
    for (const server of this.#adopted.keys()) {
      if (!servers.includes(server)) this.#adopted.delete(server)
    }
  }

  /** Tells the fleet what an operator said here. `ttlMs` 0 lasts until it is taken back. */
  override(server: Server, override: Override, by: string | undefined, ttlMs: number): void {
    const nowMs = this.#ports.storeClock.now()
    const name = identity(server.config)
    const last = this.#records.overrideOf(name)?.version ?? 0
    const record: OverrideRecord = {
      kind: 'override',
      server: name,
      version: Math.max(Math.floor(nowMs * 1000), last + 1),
      override,
      untilMs: ttlMs === 0 ? 0 : Math.ceil(nowMs + ttlMs),
      by,
    }
    this.#records.say(record)
    this.#apply(server)
    this.#schedule(0)
  }

  /** Leaves the fleet; the local rules stay. Resolves when that was told, or could not be. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#cancelTimer()
    for (const stop of this.#unsubscribe) stop()
    this.#probes.keepOnly([])
    for (const server of this.#upstream.servers) server.probeGate = undefined
    if (this.#ports.store.health === 'up') {
      await this.#ports.store.exchange(this.#upstream.name, this.#message(true))
    }
    this.#tellReady()
  }

  #tellReturn(server: Server): void {
    this.#probes.settle(server)
    this.#adopted.delete(server)
    this.#returned.add(identity(server.config))
    this.#schedule(0)
  }

  #report(server: Server, again: boolean): void {
    if (this.#ports.store.health === 'down' || server.config.maxFails === 0) return
    const known = this.#fails.get(server)
    this.#fails.set(server, {
      count: (known?.count ?? 0) + 1,
      again: again || (known?.again ?? false),
    })
    this.#schedule(again ? 0 : GATHER_MS)
  }

  /** Speaks to the store no later than in so long. */
  #schedule(inMs: number): void {
    if (this.#closed) return
    const nowMs = this.#ports.clock.now()
    const dueMs = Math.max(nowMs + inMs, this.#sentMs + BATCH_MS)
    if (dueMs >= this.#dueMs) return
    this.#cancelTimer()
    this.#dueMs = dueMs
    this.#cancelTimer = this.#ports.timers.after(dueMs - nowMs, () => {
      this.#dueMs = Number.POSITIVE_INFINITY
      void this.#exchange()
    })
  }

  async #exchange(): Promise<void> {
    // One at a time: an answer that overtakes another would be stale news.
    if (this.#busy) return
    this.#busy = true
    const { store, storeClock, clock } = this.#ports
    const askedMs = clock.now()
    this.#sentMs = askedMs
    const message = this.#message(false)
    this.#fails = new Map()
    this.#returned = new Set()
    const answer = await store.exchange(this.#upstream.name, message)
    this.#busy = false
    if (this.#closed) return
    if (answer === undefined) {
      this.#memberSinceMs = undefined
      this.#fails.clear()
      this.#schedule(RETRY_MS)
    } else {
      this.#memberSinceMs ??= clock.now()
      storeClock.take(answer.nowMs, askedMs, clock.now())
      this.#stamp = answer.stamp
      this.#records.delivered(message.records)
      this.#sessions.delivered(message.sessions)
      if (answer.state !== undefined) this.#take(answer.state)
      this.#applyAll()
      this.#schedule(this.#hasMore ? 0 : RESYNC_MS)
    }
    this.#tellReady()
  }

  get #hasMore(): boolean {
    const { size } = this.#sessions
    return this.#fails.size > 0 || this.#returned.size > 0 || this.#records.hasUnsaid || size > 0
  }

  #message(leaving: boolean): Message & { readonly sessions: readonly SessionNews[] } {
    const { replica, quorum, clock } = this.#ports
    const { servers } = this.#upstream
    const nowMs = clock.now()
    return {
      replica,
      known: this.#stamp,
      quorum,
      sick: this.#troubles.outweigh(servers, nowMs),
      fails: leaving ? [] : this.#failReports(),
      returned: [...this.#returned],
      records: this.#records.unsaid(),
      sessions: this.#sessions.next(replica),
      listed: servers
        .map(({ config }) => identity(config))
        .filter((server) => this.#records.overrideOf(server) !== undefined),
      settled: this.#memberSinceMs !== undefined && nowMs - this.#memberSinceMs > UNLISTED_MS,
      leaving,
    }
  }

  #failReports(): FailReport[] {
    const known = new Set(this.#upstream.servers)
    return [...this.#fails]
      .filter(([server]) => known.has(server))
      .map(([server, { count, again }]) => {
        const inARow = this.#nextInARow(server)
        return {
          server: identity(server.config),
          count,
          again,
          maxFails: server.config.maxFails,
          windowMs: server.config.failTimeoutS * 1000,
          inARow,
          lengthMs: Math.min(this.#upstream.health.ejectionMs(server, inARow), LONGEST_MS),
        }
      })
  }

  /** As the local rule has it: soon after the last one it counts as the next of a row. */
  #nextInARow(server: Server): number {
    const last = this.#records.ejectionOf(identity(server.config))
    if (last === undefined) return 1
    const isOut = last.voters.size > 0
    const lengthMs = this.#upstream.health.ejectionMs(server, last.inARow)
    const wasJustOut = this.#ports.storeClock.now() - last.untilMs < lengthMs
    return isOut || wasJustOut ? Math.min(last.inARow + 1, MOST_IN_A_ROW) : 1
  }

  #take({ replicas, sick, records }: FleetState): void {
    this.view.take(replicas, sick)
    const listed = new Set(this.#upstream.servers.map(({ config }) => identity(config)))
    this.#records.reconcile(records, listed, this.#ports.storeClock.now())
  }

  #hear(news: FleetNews): void {
    if (this.#closed) return
    if (news.kind === 'sessions') this.#adopt(news)
    else if (this.#records.learn(news)) {
      for (const server of this.#upstream.servers) {
        if (identity(server.config) === news.server) this.#apply(server)
      }
    }
  }

  #adopt({ replica, server, digests }: SessionNews): void {
    if (replica === this.#ports.replica) return
    for (const digest of digests) this.#upstream.sessions?.adopt(digest, server)
  }

  #applyAll(): void {
    for (const server of this.#upstream.servers) this.#apply(server)
  }

  #apply(server: Server): void {
    const name = identity(server.config)
    const override = this.#records.overrideOf(name)
    if (override !== undefined) this.#applyOverride(server, override)
    const ejection = this.#records.ejectionOf(name)
    if (ejection !== undefined) this.#applyEjection(server, ejection)
  }

  #applyOverride(server: Server, { override, untilMs, by }: OverrideRecord): void {
    const isOver = untilMs > 0 && untilMs <= this.#ports.storeClock.now()
    const { mode, weight } = isOver ? ({} as Override) : override
    if (server.override.mode === mode && server.override.weight === weight) return
    this.#upstream.override(server, isOver ? {} : override, isOver ? 'ttl' : by)
  }

  #applyEjection(server: Server, ejection: EjectionRecord): void {
    if (ejection.voters.size === 0) this.#applyReturn(server, ejection.version)
    else if (!this.#upholds(server, ejection)) this.#revoke(server)
    else this.#takeOut(server, ejection)
  }

  #takeOut(server: Server, { version, untilMs, inARow, voters }: EjectionRecord): void {
    const leftMs = untilMs - this.#ports.storeClock.now()
    if (leftMs <= 0 || this.#adopted.get(server) === version) return
    const { health } = this.#upstream
    const row = Math.min(Math.max(inARow, 1), MOST_IN_A_ROW)
    // A value from the store is input: it cannot keep a server out for longer than we would.
    const mostMs = Math.min(health.ejectionMs(server, row), LONGEST_MS)
    if (!health.eject(server, Math.min(leftMs, mostMs), row, [...voters.keys()])) return
    this.#probes.settle(server)
    this.#adopted.set(server, version)
  }

  /** A probe went well somewhere: that is what all who wait for one were waiting for. */
  #applyReturn(server: Server, version: number): void {
    if ((this.#heeded.get(server) ?? -1) >= version) return
    this.#heeded.set(server, version)
    if (this.#adopted.has(server) || this.#probes.isOpen(server)) this.#restore(server)
  }

  /** The fleet has thought better of it; what was seen here still counts. */
  #revoke(server: Server): void {
    if (!this.#adopted.has(server)) return
    if (this.#troubles.failsOf(server) >= server.config.maxFails) this.#adopted.delete(server)
    else this.#restore(server)
  }

  #restore(server: Server): void {
    this.#adopted.delete(server)
    this.#probes.settle(server)
    this.#upstream.health.restore(server)
  }

  #upholds(server: Server, ejection: EjectionRecord): boolean {
    const { maxFails } = server.config
    return maxFails > 0 && this.view.upholds(ejection, this.#ports.quorum, maxFails)
  }
}
