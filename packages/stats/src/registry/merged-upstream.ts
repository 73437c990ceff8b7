import { moveReasons, OTHER_REASON } from '../snapshots/vocabulary.js'
import type { Steps } from '../turns.js'
import { type Fold, History } from './history.js'
import type { Ledger, Life } from './life.js'
import { latencyView, MergedServer, rate } from './merged-server.js'
import {
  AFFINITY_COLUMNS,
  affinityCounts,
  errorsOf,
  growth,
  type Row,
  requestsOf,
  SERVER_COLUMNS,
} from './rows.js'
import { growthIn, SLOT_MS, Track } from './track.js'

/** What happened in one slot of the history; what is 0 among `moved` is left out. */
export interface Slot {
  /** Where the slot begins, in wall milliseconds. */
  readonly at: number
  readonly rate: number | null
  readonly errors: number | null
  readonly p50: number | null
  readonly p99: number | null
  readonly moved: Readonly<Record<string, number>>
}

/** Many sessions that moved, as one event. */
export interface Burst {
  readonly event: number
  readonly moved: Row
  lastMs: number
}

type MovedColumn = `moved:${string}`
type UpstreamColumn =
  | 'requestsPerSecond'
  | 'errorsPerSecond'
  | 'p50'
  | 'p99'
  | 'kept'
  | 'new'
  | MovedColumn

export type UpstreamHistory = History<UpstreamColumn>

/** One upstream over all replicas. */
export class MergedUpstream {
  readonly name: string
  facts: Ledger['facts']
  /** In the order of the configuration; those that no replica has any more are last. */
  servers: Map<string, MergedServer> = new Map()
  readonly affinity: Track = new Track(AFFINITY_COLUMNS)
  /** All servers together, those that are gone included: so this too only grows. */
  readonly track: Track = new Track(SERVER_COLUMNS)
  readonly history: UpstreamHistory = new History(upstreamColumns())
  readonly #scratch = new Float64Array(SERVER_COLUMNS)
  /** Sessions that moved in bulk, slot after slot; undefined where they never did. */
  burst: Burst | undefined
  /** The latest whole slot of the history. */
  slot: Slot | null = null

  constructor(name: string, facts: Ledger['facts']) {
    this.name = name
    this.facts = facts
  }

  /**
   * Takes what one replica says of it now.
   * @param watched whether its counters grew while somebody looked, so that they tell a rate.
   */
  enter(life: Life, ledger: Ledger, watched: boolean): void {
    const before = life.ledgers.get(this.name)
    for (const [id, { row, report }] of ledger.servers) {
      const grown = growth(before?.servers.get(id)?.row, row, this.#scratch)
      const merged = this.#serverOf(id)
      add(merged.track, grown, watched)
      add(this.track, grown, watched)
      merged.report(life, report)
    }
    for (const id of before?.servers.keys() ?? []) {
      if (!ledger.servers.has(id)) this.servers.get(id)?.forget(life)
    }
    add(this.affinity, growth(before?.affinity, ledger.affinity), watched)
    this.facts = ledger.facts
    life.ledgers.set(this.name, ledger)
  }

  /** The replica is not heard any more. */
  leave(life: Life): void {
    for (const server of this.servers.values()) server.forget(life)
  }

  /** Whether some replica still has it. */
  get isKnown(): boolean {
    for (const { reports } of this.servers.values()) if (reports.size > 0) return true
    return false
  }

  /** Puts the servers in the order in which `ids` names them. */
  arrange(ids: Iterable<string>): void {
    const arranged = new Map<string, MergedServer>()
    for (const id of ids) {
      const server = this.servers.get(id)
      if (server !== undefined) arranged.set(id, server)
    }
    for (const [id, server] of this.servers) if (!arranged.has(id)) arranged.set(id, server)
    this.servers = arranged
  }

  /** Forgets the servers that nobody has had since `beforeMs`. */
  prune(beforeMs: number): void {
    for (const [id, { reports, seenMs }] of this.servers) {
      if (reports.size === 0 && seenMs < beforeMs) this.servers.delete(id)
    }
  }

  /** @param gap nobody was heard: the past has a hole here. */
  *sample(nowMs: number, gap: boolean): Steps<void> {
    this.#sampleWhole(nowMs, gap)
    for (const server of this.servers.values()) {
      server.sample(nowMs, gap)
      yield
    }
  }

  #sampleWhole(nowMs: number, gap: boolean): void {
    const slot = this.track.slot(nowMs)
    const affinity = this.affinity.sinceSample(nowMs)
    this.track.sample(nowMs)
    this.affinity.sample(nowMs)
    if (gap) return
    const counts = affinity && affinityCounts(growthIn(affinity))
    const { p50, p99 } = latencyView(slot && growthIn(slot))
    const [requestsPerSecond, errorsPerSecond] = [rate(slot, requestsOf), rate(slot, errorsOf)]
    const middleMs = nowMs - SLOT_MS / 2
    this.slot = {
      at: middleMs - (middleMs % SLOT_MS),
      rate: requestsPerSecond,
      errors: errorsPerSecond,
      p50,
      p99,
      moved: Object.fromEntries(Object.entries(counts?.moved ?? {}).filter(([, n]) => n > 0)),
    }
    this.history.write(middleMs, {
      requestsPerSecond,
      errorsPerSecond,
      p50,
      p99,
      kept: counts?.kept ?? null,
      new: counts?.new ?? null,
      ...Object.fromEntries(
        REASONS.map((reason) => [`moved:${reason}`, counts ? (counts.moved[reason] ?? 0) : null]),
      ),
    })
  }

  #serverOf(id: string): MergedServer {
    const known = this.servers.get(id)
    if (known !== undefined) return known
    const server = new MergedServer(id)
    this.servers.set(id, server)
    return server
  }
}

const REASONS: readonly string[] = [...moveReasons, OTHER_REASON]

function upstreamColumns(): Record<UpstreamColumn, Fold> {
  return {
    requestsPerSecond: 'mean',
    errorsPerSecond: 'mean',
    p50: 'mean',
    p99: 'peak',
    kept: 'sum',
    new: 'sum',
    ...Object.fromEntries(REASONS.map((reason) => [`moved:${reason}`, 'sum' as const])),
  }
}

function add(track: Track, grown: Row, watched: boolean): void {
  if (watched) track.add(grown)
  else track.addUnwatched(grown)
}
