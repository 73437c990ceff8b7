import type { SnapshotReading } from '../snapshots/parse.js'
import type { Steps } from '../turns.js'
import { replicaDifferences, serverDifferences } from './differences.js'
import { type Ledger, type Life, lifeKey, type ReplicaFacts, readLedger } from './life.js'
import type { MergedServer } from './merged-server.js'
import { MergedUpstream } from './merged-upstream.js'
import { addTo, affinityCounts, hasShrunk, movedOf, type Row } from './rows.js'
import { type Happening, Timeline } from './timeline.js'
import { growthIn, SLOT_MS } from './track.js'

export interface RegistryLimits {
  /** How often snapshots are asked for. */
  readonly intervalMs: number
  /** How long after its last snapshot a replica counts as silent. */
  readonly silentAfterMs: number
  /** How long after its last snapshot a replica is forgotten. */
  readonly expireAfterMs: number
}

// Bounds on what replicas can make the sidecar remember.
const MOST_REPLICAS = 1_000
const MOST_SERVERS = 20_000
const MOST_PAST_ENTRIES = 50_000
const FORGET_SERVER_MS = 3_600_000
/** So many sessions moved in one slot are news. */
const BULK = 10
/** Those of slots that are no further apart are one event. */
const BURST_GAP_MS = 60_000
// Uniting sketches takes a microsecond or so each; a pass must come to its end.
const SKETCHES_A_PASS = 4_000

/**
 * Everything that is known of the fleet: the snapshots of all replicas, merged. Counters only grow,
 * through restarts and silences of replicas, and each snapshot counts once, however often and in
 * whatever order it comes. Times are wall milliseconds of the process that keeps the registry.
 */
export class Registry {
  readonly timeline: Timeline = new Timeline()
  readonly upstreams: Map<string, MergedUpstream> = new Map()
  readonly #limits: RegistryLimits
  readonly #lives = new Map<string, Life>()
  /** Lives that ended: late snapshots of theirs must not count from 0. Oldest first. */
  readonly #past = new Map<string, Life>()
  #counting: Generator<MergedServer, undefined> = this.#everyServer()
  #nextSampleMs = 0
  #heardMs = 0
  /** Whether nobody was heard for a while since the latest sample. */
  #hasHole = false

  constructor(limits: RegistryLimits) {
    this.#limits = limits
  }

  /** Longer than this between two snapshots is a time that nobody watched. */
  get #gapMs(): number {
    return Math.max(SLOT_MS, 2 * this.#limits.intervalMs)
  }

  get lives(): Iterable<Life> {
    return this.#lives.values()
  }

  /** Whether nobody is heard, so that all that is known is old. */
  get isStale(): boolean {
    for (const { presence } of this.#lives.values()) if (presence === 'live') return false
    return true
  }

  /** When the latest snapshot came; 0 before the first. */
  get heardMs(): number {
    return this.#heardMs
  }

  /**
   * Takes a snapshot in. One that is no newer than what is known of the same life changes nothing.
   * All that it changes it changes in the last step; one at a time may be taken.
   * @returns whether it was news.
   * @throws RangeError when there is more than can be kept.
   */
  *observing({ upstreams, ...facts }: SnapshotReading, nowMs: number): Steps<boolean> {
    const key = lifeKey(facts)
    const known = this.#lives.get(key) ?? this.#past.get(key)
    if (known?.facts.at === facts.at) return false
    const ledgers = new Map<string, Ledger>()
    for (const upstream of upstreams) {
      const { name } = upstream
      ledgers.set(name, yield* readLedger(upstream, known?.ledgers.get(name)))
    }
    return this.#take(known ?? newLife(key, facts), facts, ledgers, nowMs)
  }

  #take(life: Life, facts: ReplicaFacts, ledgers: Ledgers, nowMs: number): boolean {
    const isKnown = this.#lives.has(life.key) || this.#past.has(life.key)
    if (isKnown && isOld(facts, ledgers, life)) return false
    this.#refuseTooMuch(life.key, ledgers)
    const watched = isKnown && life.presence === 'live' && nowMs - life.seenMs <= this.#gapMs
    if (isKnown) this.#tellAll(replicaDifferences(life.facts, facts), nowMs)
    this.#past.delete(life.key)
    this.#lives.set(life.key, life)
    this.#settle(life, isKnown, facts, nowMs)
    this.#enterUpstreams(life, ledgers, watched, nowMs)
    if (nowMs - this.#heardMs > this.#gapMs) this.#hasHole = true
    this.#heardMs = nowMs
    return true
  }

  /** Lets time pass: replicas fall silent and are forgotten, and every slot is remembered. */
  *passing(nowMs: number): Steps<void> {
    for (const life of this.#lives.values()) {
      const silentMs = nowMs - life.seenMs
      if (silentMs > this.#limits.expireAfterMs) this.#expire(life, nowMs)
      else if (silentMs > this.#limits.silentAfterMs && life.presence === 'live') {
        life.presence = 'silent'
        this.timeline.add({ type: 'replica-silent', replica: life.facts.replica }, nowMs)
      }
    }
    if (nowMs >= this.#nextSampleMs) yield* this.#sample(nowMs)
    yield* this.#countSessions()
  }

  #settle(life: Life, isKnown: boolean, facts: ReplicaFacts, nowMs: number): void {
    const { replica } = facts
    if (!isKnown) {
      const older = [...this.#lives.values()].filter(
        (other) => other !== life && other.facts.replica === replica,
      )
      const [last] = older
      for (const other of older) if (other.facts.startedAt < facts.startedAt) this.#retire(other)
      const renewed = last !== undefined && last.facts.package !== facts.package
      this.timeline.add({ type: 'replica-started', replica, detail: facts.package }, nowMs)
      if (renewed) {
        const detail = `${last.facts.package} → ${facts.package}`
        this.timeline.add({ type: 'package-changed', replica, detail }, nowMs)
      }
    } else if (life.presence === 'silent') {
      this.timeline.add({ type: 'replica-back', replica }, nowMs)
    }
    life.facts = facts
    life.presence = 'live'
    life.seenMs = nowMs
  }

  #enterUpstreams(life: Life, ledgers: Ledgers, watched: boolean, nowMs: number): void {
    const gone = new Set(life.ledgers.keys())
    for (const [name, ledger] of ledgers) {
      gone.delete(name)
      const upstream = this.upstreams.get(name) ?? new MergedUpstream(name, ledger.facts)
      this.upstreams.set(name, upstream)
      const before = life.ledgers.get(name)
      upstream.enter(life, ledger, watched)
      if (before !== undefined) {
        const { replica } = life.facts
        this.#tellAll(serverDifferences(name, replica, before, ledger), nowMs)
      }
      if (this.#isNewest(life)) upstream.arrange(ledger.servers.keys())
    }
    for (const name of gone) {
      this.upstreams.get(name)?.leave(life)
      life.ledgers.delete(name)
    }
  }

  /** The configuration that was started last is the one whose order is shown. */
  #isNewest({ facts }: Life): boolean {
    for (const other of this.#lives.values()) {
      if (other.presence === 'live' && other.facts.startedAt > facts.startedAt) return false
    }
    return true
  }

  /** Its counters stay in the totals; what it said of its servers holds no more. */
  #retire(life: Life): void {
    life.presence = 'replaced'
    for (const name of life.ledgers.keys()) this.upstreams.get(name)?.leave(life)
  }

  #expire(life: Life, nowMs: number): void {
    const wasSilent = life.presence === 'silent'
    this.#lives.delete(life.key)
    this.#retire(life)
    if (wasSilent) {
      this.timeline.add({ type: 'replica-gone', replica: life.facts.replica }, nowMs)
    }
    this.#past.set(life.key, life)
    let entries = 0
    for (const past of [...this.#past.values()].reverse()) {
      entries += entriesOf(past)
      if (entries > MOST_PAST_ENTRIES) this.#past.delete(past.key)
    }
  }

  *#sample(nowMs: number): Steps<void> {
    this.#nextSampleMs = nowMs - (nowMs % SLOT_MS) + SLOT_MS
    const gap = this.#hasHole || nowMs - this.#heardMs > this.#gapMs
    this.#hasHole = false
    for (const [name, upstream] of this.upstreams) {
      const slot = upstream.affinity.sinceSample(nowMs)
      const moved = slot && growthIn(slot)
      if (moved !== undefined && movedOf(moved) >= BULK) this.#tellMoved(upstream, moved, nowMs)
      yield* upstream.sample(nowMs, gap)
      upstream.prune(nowMs - FORGET_SERVER_MS)
      if (upstream.servers.size === 0) this.upstreams.delete(name)
    }
  }

  #tellMoved(upstream: MergedUpstream, moved: Row, nowMs: number): void {
    const { name, burst } = upstream
    if (burst !== undefined && nowMs - burst.lastMs <= BURST_GAP_MS) {
      addTo(burst.moved, moved)
      burst.lastMs = nowMs
      this.timeline.revise(burst.event, movesIn(burst.moved))
    } else {
      const event = this.timeline.add(
        { type: 'moved', upstream: name, detail: movesIn(moved) },
        nowMs,
      )
      upstream.burst = { event, moved, lastMs: nowMs }
    }
  }

  /** Goes on where the last pass ended, so that servers that always change hold up no others. */
  *#countSessions(): Steps<void> {
    for (let sketches = 0; sketches < SKETCHES_A_PASS; yield) {
      const { done, value } = this.#counting.next()
      if (done === true) {
        this.#counting = this.#everyServer()
        return
      }
      sketches += value.countSessions()
    }
  }

  *#everyServer(): Generator<MergedServer, undefined> {
    for (const { servers } of this.upstreams.values()) yield* servers.values()
    return undefined
  }

  #tellAll(happenings: readonly Happening[], nowMs: number): void {
    for (const happening of happenings) this.timeline.add(happening, nowMs)
  }

  #refuseTooMuch(key: string, ledgers: Ledgers): void {
    if (!this.#lives.has(key) && this.#lives.size >= MOST_REPLICAS) {
      throw new RangeError(`there are more than ${MOST_REPLICAS} replicas`)
    }
    let count = 0
    for (const upstream of this.upstreams.values()) count += upstream.servers.size
    for (const [name, { servers }] of ledgers) {
      const known = this.upstreams.get(name)?.servers
      for (const id of servers.keys()) if (known?.has(id) !== true) count += 1
    }
    if (count > MOST_SERVERS) throw new RangeError(`there are more than ${MOST_SERVERS} servers`)
  }
}

type Ledgers = ReadonlyMap<string, Ledger>

/**
 * Whether what it says is known already. A clock that was set back makes a newer snapshot look
 * older; its counters tell, as they never go back.
 */
function isOld({ at }: ReplicaFacts, ledgers: Ledgers, known: Life): boolean {
  if (at > known.facts.at) return false
  if (at === known.facts.at) return true
  for (const [name, { servers, affinity }] of ledgers) {
    const before = known.ledgers.get(name)
    if (before === undefined) continue
    if (hasShrunk(before.affinity, affinity)) return true
    for (const [id, { row }] of servers) {
      if (hasShrunk(before.servers.get(id)?.row, row)) return true
    }
  }
  return false
}

function newLife(key: string, facts: ReplicaFacts): Life {
  return { key, facts, presence: 'live', seenMs: 0, ledgers: new Map() }
}

function entriesOf({ ledgers }: Life): number {
  let entries = 0
  for (const { servers } of ledgers.values()) entries += servers.size
  return entries
}

function movesIn(row: Float64Array): string {
  return Object.entries(affinityCounts(row).moved)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${count} ${reason}`)
    .join(', ')
}
