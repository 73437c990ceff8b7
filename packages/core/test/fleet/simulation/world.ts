import assert from 'node:assert/strict'
import type { FleetNews, FleetRecord } from '#core/fleet/record.js'
import { crc32 } from '#core/kernel/crc32.js'
import { createSeededRandom } from '#core/kernel/random.js'
import { identity } from '#core/servers/pool.js'
import type { Server } from '#core/servers/server.js'
import { EventQueue } from './event-queue.js'
import { Invariants } from './invariants.js'
import { Link, Site } from './network.js'
import { AGE_MS, type Fate, Replica, START_MS, UPSTREAM, type Watcher } from './replica.js'
import {
  CONVERGED_MS,
  END_MS,
  type Fault,
  HEALED_MS,
  isStoreSound,
  PAUSE_MS,
  type Scenario,
  type Word,
} from './scenario.js'

const QUORUM = 2
/** How long a replica that is gone still counts in the store. */
const FORGOTTEN_MS = 6_500
const LONGEST_ANSWER_MS = 30
const NEWS_MS = 100

export interface Result {
  readonly figures: Invariants['figures']
  /** Of everything that happened, in order: the same for the same seed. */
  readonly digest: number
}

/** Runs one scenario to its end. @throws AssertionError with the seed and the time. */
export async function simulate(scenario: Scenario): Promise<Result> {
  const world = new World(scenario)
  try {
    await world.run()
  } catch (cause) {
    throw new Error(
      `seed ${scenario.seed} at ${world.nowMs.toFixed(1)} ms: ${(cause as Error).message}`,
      { cause },
    )
  }
  return { figures: world.invariants.figures, digest: world.digest }
}

class World {
  readonly invariants: Invariants
  digest = 0
  readonly #scenario: Scenario
  readonly #queue = new EventQueue()
  readonly #random
  readonly #site: Site
  readonly #addresses: readonly string[]
  readonly #replicas: Replica[] = []
  /** Of every replica that gets traffic, one that is alone in the world and gets the same. */
  readonly #loners = new Map<Replica, Replica>()
  readonly #diedMs = new Map<Replica, number>()
  readonly #poisonedMs = new Map<string, number>()
  readonly #words = new Map<number, Word>()
  #born = 0
  #failure: unknown

  constructor(scenario: Scenario) {
    this.#scenario = scenario
    this.#random = createSeededRandom(scenario.seed + 1)
    this.#addresses = Array.from({ length: scenario.servers }, (_, i) => `10.0.0.${i + 1}:80`)
    const clock = { now: () => this.nowMs, wall: () => START_MS + this.nowMs }
    this.#site = new Site(clock, [UPSTREAM])
    this.invariants = new Invariants({
      scenario,
      nowMs: () => this.nowMs,
      counted: () => this.#counted(),
      poisonedForMs: (name) => {
        const sinceMs = this.#poisonedMs.get(name)
        return sinceMs === undefined ? undefined : this.nowMs - sinceMs
      },
    })
  }

  get nowMs(): number {
    return this.#queue.nowMs
  }

  async run(): Promise<void> {
    const { replicas, faults, words } = this.#scenario
    for (let i = 0; i < replicas; i += 1) this.#start(i)
    for (const fault of faults) {
      this.#queue.after(fault.fromMs, () => this.#begin(fault))
      this.#queue.after(fault.untilMs, () => this.#end(fault))
    }
    for (const word of words) {
      const { atMs, replica, server, mode } = word
      this.#queue.after(atMs, () => {
        const at = this.#replicas[replica]
        const id = this.#addresses[server]
        if (!at?.isAlive || id === undefined) return
        this.#words.set(server, word)
        at.upstream.override(id, { mode }, 'ops')
        this.#loners.get(at)?.upstream.override(id, { mode }, 'ops')
      })
    }
    if (isStoreSound(this.#scenario)) this.#site.on((_, news) => this.#expectNews(news))
    await this.#queue.run(CONVERGED_MS, () => this.#check())
    await this.#agree()
    await this.#queue.run(END_MS, () => this.#check())
    this.#isWellAgain()
  }

  #start(place: number): void {
    const { seed, maxFails, failTimeoutS, delayMs, loss } = this.#scenario
    this.#born += 1
    const weather = () =>
      this.#isHealed() ? { delayMs: Math.min(delayMs, 50), loss: 0 } : { delayMs, loss }
    const link = new Link(this.#site, this.#queue, createSeededRandom(seed * 31 + this.#born), {
      get delayMs() {
        return weather().delayMs
      },
      get loss() {
        return weather().loss
      },
    })
    const options = {
      name: `r${this.#born}`,
      addresses: this.#addresses,
      maxFails,
      failTimeoutS,
      quorum: QUORUM,
      queue: this.#queue,
      skewMs: (this.#random.below(3) - 1) * 600_000,
      fateOf: (replica: Replica, server: Server, key: string) => this.#fateOf(replica, server, key),
    }
    const replica = new Replica({ ...options, link }, this.#watch())
    this.#replicas[place] = replica
    if (this.#isStoreGone()) {
      this.#loners.set(replica, new Replica({ ...options, link: undefined }, nobody))
    }
    this.#receive(replica, 0)
  }

  /** Requests keep coming for as long as the replica lives. */
  #receive(replica: Replica, count: number): void {
    const { rate } = this.#scenario
    this.#queue.after(this.#random.below(2_000) / rate, () => {
      if (!replica.isAlive || this.nowMs > END_MS - PAUSE_MS) return
      this.#receive(replica, count + 1)
      if (Math.abs(this.nowMs - CONVERGED_MS) < PAUSE_MS) return
      const isBound = this.#random.below(10) < 7
      const bound = isBound
        ? this.#addresses[this.#random.below(this.#addresses.length)]
        : undefined
      const key = `${replica.name} ${count}`
      this.#compareLoners()
      replica.request(key, bound)
      this.#loners.get(replica)?.request(key, bound)
    })
  }

  /** The same for the same attempt, whoever asks, so that a replica and its loner see one world. */
  #fateOf(replica: Replica, server: Server, key: string): Fate {
    const dice = crc32(`${this.#scenario.seed} ${key}`)
    const isDown = this.#active().some(
      (fault) =>
        (fault.kind === 'dead' && this.#addresses[fault.server] === server.address) ||
        (fault.kind === 'brown-out' &&
          this.#addresses[fault.server] === server.address &&
          dice % 1_000 < fault.share * 1_000) ||
        (fault.kind === 'poisoned' && this.#replicas[fault.replica]?.name === replica.name),
    )
    return isDown
      ? { ok: false, afterMs: 1 }
      : { ok: true, afterMs: 2 + ((dice >>> 10) % LONGEST_ANSWER_MS) }
  }

  #active(): readonly Fault[] {
    return this.#scenario.faults.filter(
      ({ fromMs, untilMs }) => fromMs <= this.nowMs && this.nowMs < untilMs,
    )
  }

  #begin(fault: Fault): void {
    if (fault.kind === 'store down') this.#site.isDown = true
    if (fault.kind === 'store flushed') this.#site.flush()
    if (!('replica' in fault)) return
    const replica = this.#replicas[fault.replica]
    if (replica === undefined) return
    if (fault.kind === 'partitioned' && replica.link !== undefined) replica.link.isCut = true
    if (fault.kind === 'poisoned') {
      replica.isPoisoned = true
      this.#poisonedMs.set(replica.name, this.nowMs)
    }
    if (fault.kind === 'crashed') {
      replica.isAlive = false
      this.#loners.delete(replica)
      this.#diedMs.set(replica, this.nowMs)
    }
  }

  #end(fault: Fault): void {
    if (fault.kind === 'store down') this.#site.isDown = this.#isStoreGone()
    if (!('replica' in fault)) return
    if (fault.kind === 'crashed') this.#start(fault.replica)
    const replica = this.#replicas[fault.replica]
    if (fault.kind === 'partitioned' && replica?.link !== undefined) replica.link.isCut = false
    if (fault.kind === 'poisoned' && replica !== undefined) this.#poisonedMs.delete(replica.name)
  }

  #nowS(): number {
    return Math.floor((this.nowMs + AGE_MS) / 1_000)
  }

  #isStoreGone(): boolean {
    return this.#active().some(({ kind }) => kind === 'store down')
  }

  #isHealed(): boolean {
    return this.nowMs >= HEALED_MS
  }

  #counted(): number {
    const now = this.nowMs
    return this.#replicas.filter(
      (replica) => replica.isAlive || now - (this.#diedMs.get(replica) ?? 0) < FORGOTTEN_MS,
    ).length
  }

  #watch(): Watcher {
    const note = (text: string) => {
      this.digest = crc32(`${this.digest} ${this.nowMs} ${text}`)
    }
    const { invariants } = this
    return {
      event: (replica, event) => {
        note(`${replica.name} ${event.type} ${event.server}`)
        this.#keepFailure(() => invariants.event(replica, event))
      },
      attempt: (...args) => this.#keepFailure(() => invariants.attempt(...args)),
      end: (...args) => this.#keepFailure(() => invariants.end(...args)),
      served: (replica, passage, bound) => {
        note(`${replica.name} ${passage.server?.address}`)
        this.#keepFailure(() => invariants.served(replica, passage, bound))
      },
    }
  }

  /** What is found wrong deep inside the fleet is thrown when its code has come to an end. */
  #keepFailure(check: () => void): void {
    try {
      check()
    } catch (error) {
      this.#failure ??= error
    }
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  /** With the store gone from the start a replica is one on its own, to the last counter. */
  #compareLoners(): void {
    if (this.#loners.size === 0) return
    if (!this.#isStoreGone()) {
      this.#loners.clear()
      return
    }
    for (const [replica, loner] of this.#loners) {
      assert.deepEqual(countersOf(replica), countersOf(loner), `${replica.name} and a loner`)
    }
  }

  /** What the quorum has seen is known everywhere a tenth of a second later. */
  #expectNews(record: FleetNews): void {
    if (record.kind !== 'ejection' || record.voters.size === 0) return
    this.#queue.after(NEWS_MS, () => {
      for (const { isAlive, name, member, upstream } of this.#replicas) {
        const server = upstream.servers.find((one) => identity(one.config) === record.server)
        const isLate = record.untilMs <= START_MS + this.nowMs
        if (!isAlive || server === undefined || isLate) continue
        if (!member?.view.upholds(record, QUORUM, this.#scenario.maxFails)) continue
        this.#keepFailure(() => {
          assert.ok(server.ejected(this.#nowS()), `${name} has not heard of ${record.server}`)
        })
      }
    })
  }

  /** Nothing is wrong with any server, and requests have come: all take part, everywhere. */
  #isWellAgain(): void {
    for (const { name, isAlive, upstream } of this.#replicas) {
      if (!isAlive) continue
      for (const server of upstream.servers) {
        const { address, mode } = server
        if (mode === 'up') assert.ok(!server.ejected(this.#nowS()), `${address} is out at ${name}`)
      }
    }
  }

  /** The last word on each server counts, unless whoever heard it may have died or been off. */
  #isHeard(living: readonly Replica[], stored: readonly FleetRecord[]): void {
    const { faults, words } = this.#scenario
    if (faults.some(({ kind, fromMs }) => kind === 'crashed' || fromMs === 0)) return
    for (const [number, { mode, atMs }] of this.#words) {
      const isAlone = words.every(
        (other) =>
          other.server !== number || Math.abs(other.atMs - atMs) > 500 || other.atMs === atMs,
      )
      if (!isAlone) continue
      const kept = stored.find(
        ({ kind, server }) => kind === 'override' && server === `${this.#addresses[number]} 0`,
      )
      assert.equal(kept?.kind === 'override' && kept.override.mode, mode, 'the last word, stored')
      for (const { name, upstream } of living) {
        const server = upstream.servers[number]
        assert.equal(server?.override.mode, mode, `the last word on ${server?.address} at ${name}`)
      }
    }
  }

  /** Nothing moves any more: all must know the same, and do by it. */
  async #agree(): Promise<void> {
    const living = this.#replicas.filter(({ isAlive }) => isAlive)
    const names = living.map(({ name }) => name).sort()
    const { state } = await this.#site.store.exchange(UPSTREAM, observation)
    assert.deepEqual([...(state?.replicas ?? [])].sort(), names, 'the members in the store')
    for (const { name, member } of living) {
      assert.deepEqual([...(member?.view.replicas ?? [])].sort(), names, `who lives, to ${name}`)
    }
    this.#isHeard(living, state?.records ?? [])
    const nowMs = START_MS + this.nowMs
    for (const record of state?.records ?? []) {
      for (const replica of living) {
        const server = replica.upstream.servers.find(
          (one) => identity(one.config) === record.server,
        )
        if (server === undefined) continue
        const what = `${record.kind} of ${record.server} at ${replica.name}`
        if (record.kind === 'override') {
          assert.equal(server.override.mode, record.override.mode, what)
        } else if (
          record.untilMs > nowMs + 1_000 &&
          replica.member?.view.upholds(record, QUORUM, this.#scenario.maxFails)
        ) {
          assert.ok(server.ejected(this.#nowS()), what)
        }
      }
    }
  }
}

function countersOf({ upstream }: Replica) {
  return upstream.servers.map((server) => ({
    fails: server.fails,
    accessed: server.accessed,
    checked: server.checked,
    ejectionS: server.ejectionS,
    currentWeight: server.currentWeight,
    active: server.active,
  }))
}

const nobody: Watcher = { event() {}, attempt() {}, end() {}, served() {} }

const observation = {
  replica: undefined,
  known: '',
  quorum: QUORUM,
  sick: false,
  fails: [],
  returned: [],
  records: [],
  listed: [],
  settled: false,
  leaving: false,
} as const
