import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock, ReplicaSnapshot } from '@holdfast/core'
import type { Registry } from './registry/registry.js'
import type { Happening, TimelineEvent } from './registry/timeline.js'
import { parseSnapshot } from './snapshots/parse.js'
import type { Sink, Source } from './sources/source.js'
import { viewFleet } from './view/fleet.js'
import type { FleetView, UpstreamView } from './view/types.js'
import { viewUpstreams } from './view/upstreams.js'

/** All that is known at one moment; it never changes. */
export interface State {
  readonly fleet: FleetView
  readonly upstreams: readonly UpstreamView[]
  /** Oldest first. */
  readonly events: readonly TimelineEvent[]
  /** `{ upstreams }` as JSON, made once for all who ask. */
  readonly json: () => Buffer
}

/** There have been no statistics yet. The cause is for the log; a client learns only that. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError'
  readonly code = 'HOLDFAST_NO_SNAPSHOT'
  readonly statusCode = 503

  constructor(cause: unknown) {
    super('No statistics are to be had now', { cause })
  }
}

/** However often it is asked, a look takes no more than a tenth of the time. */
const COST_FACTOR = 10

export interface FeedPorts {
  readonly clock: Clock
  /** Told of a failure when it begins, not each time it is found again. */
  readonly complain: (where: string, error: unknown) => void
}

/**
 * Keeps the registry up to date from a source, and hands out what is known. Between two polls
 * everybody gets the same state, so that a hundred readers cost no more than one.
 */
export class Feed {
  readonly registry: Registry
  readonly #source: Source
  readonly #ports: FeedPorts
  readonly #startMs: number
  readonly #refusals = new Map<string, string>()
  readonly #sink: Sink
  #polling: Promise<void> | undefined
  #polledMs = Number.NEGATIVE_INFINITY
  /** How long the latest look took, until it could be handed out. */
  #costMs = 0
  #state: State | undefined
  #failure: unknown

  constructor(source: Source, registry: Registry, ports: FeedPorts) {
    this.#source = source
    this.registry = registry
    this.#ports = ports
    // Times are compared and shown: a wall clock that never jumps serves both.
    this.#startMs = ports.clock.wall() - ports.clock.now()
    this.#sink = {
      take: (snapshot, where) => this.#take(snapshot, where),
      fail: (where, error) => this.#refuse(where, error),
      fine: (where) => {
        this.#refusals.delete(where)
      },
    }
  }

  get nowMs(): number {
    return Math.round(this.#startMs + this.#ports.clock.now())
  }

  /**
   * What is known now, asked for anew where that is due.
   * @throws SnapshotError while no snapshot has ever come.
   */
  async read(): Promise<State> {
    const freshMs = Math.max(this.#source.freshMs, COST_FACTOR * this.#costMs)
    if (this.nowMs - this.#polledMs >= freshMs) await this.poll()
    if (this.registry.heardMs === 0) throw new SnapshotError(this.#failure)
    return this.state
  }

  /** What is known, as of the latest poll. */
  get state(): State {
    if (this.#state === undefined) {
      const startedMs = this.#ports.clock.now()
      this.#state = this.#view()
      this.#costMs += this.#ports.clock.now() - startedMs
    }
    return this.#state
  }

  /** Notes what an operator did. */
  tell(happening: Happening): void {
    this.registry.timeline.add(happening, this.nowMs)
    this.#polledMs = Number.NEGATIVE_INFINITY
    this.#state = undefined
  }

  /** Asks the source; a poll that is under way is everybody's. */
  poll(): Promise<void> {
    this.#polling ??= this.#poll().finally(() => {
      this.#polling = undefined
    })
    return this.#polling
  }

  async #poll(): Promise<void> {
    const startedMs = this.#ports.clock.now()
    await this.#source.poll(this.#sink)
    this.#costMs = this.#ports.clock.now() - startedMs
    // What follows takes milliseconds for a thousand servers: let requests in between.
    await nextTurn()
    this.#polledMs = this.nowMs
    this.registry.pass(this.nowMs)
    this.#state = undefined
  }

  #take(value: unknown, where: string): ReplicaSnapshot | undefined {
    try {
      const snapshot = parseSnapshot(value)
      if (this.registry.observe(snapshot, this.nowMs)) this.#state = undefined
      this.#refusals.delete(where)
      return snapshot
    } catch (error) {
      this.#refuse(where, error)
      return undefined
    }
  }

  #refuse(where: string, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error)
    if (this.#refusals.get(where) !== why) this.#ports.complain(where, error)
    this.#refusals.set(where, why)
    this.#failure = error
  }

  #view(): State {
    const { registry, nowMs } = this
    const upstreams = viewUpstreams(registry, nowMs)
    const fleet = viewFleet(registry, upstreams, this.#refusals, nowMs)
    let json: Buffer | undefined
    return {
      fleet,
      upstreams,
      events: [...registry.timeline.events],
      json: () => {
        json ??= Buffer.from(JSON.stringify({ upstreams }))
        return json
      },
    }
  }
}
