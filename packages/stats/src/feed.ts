import type { Clock } from '@holdfast/core'
import type { ReplicaFacts } from './registry/life.js'
import type { Registry } from './registry/registry.js'
import type { Happening, TimelineEvent } from './registry/timeline.js'
import { cutSnapshot } from './snapshots/cut.js'
import { readSnapshot, type SnapshotReading } from './snapshots/parse.js'
import type { Sink, Source } from './sources/source.js'
import { finish, type Steps, type Turns } from './turns.js'
import { viewFleet } from './view/fleet.js'
import type { FleetView, UpstreamView } from './view/types.js'
import { viewingUpstreams } from './view/upstreams.js'

/** All that is known at one moment; it never changes. */
export interface State {
  readonly fleet: FleetView
  readonly upstreams: readonly UpstreamView[]
  /** Oldest first. */
  readonly events: readonly TimelineEvent[]
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
  /** Shares the event loop with what else there is to do. */
  readonly turns: Turns
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
  #taking: Promise<unknown> = Promise.resolve()
  #polledMs = Number.NEGATIVE_INFINITY
  /** How long the latest look took, until it could be handed out. */
  #costMs = 0
  /** How often an operator did something. */
  #told = 0
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
    if (this.#isDue) await this.poll()
    // A poll that was under way when an operator did something may not know of it.
    if (this.#polledMs < 0) await this.poll()
    if (this.registry.heardMs === 0) throw new SnapshotError(this.#failure)
    return this.state
  }

  get #isDue(): boolean {
    const freshMs = Math.max(this.#source.freshMs, COST_FACTOR * this.#costMs)
    return this.nowMs - this.#polledMs >= freshMs
  }

  /** What is known, as of the latest poll. */
  get state(): State {
    this.#state ??= finish(this.#view())
    return this.#state
  }

  /** Notes what an operator did. */
  tell(happening: Happening): void {
    this.registry.timeline.add(happening, this.nowMs)
    this.#told += 1
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
    const { clock, turns } = this.#ports
    const [startedMs, told] = [clock.now(), this.#told]
    await this.#source.poll(this.#sink)
    await turns.run(this.registry.passing(this.nowMs))
    this.#state = await turns.run(this.#view())
    if (told === this.#told) this.#polledMs = this.nowMs
    this.#costMs = clock.now() - startedMs
  }

  /** One after the other: each is told from the one before, and is whole before the next. */
  #take(snapshot: unknown, where: string): Promise<ReplicaFacts | undefined> {
    const taken = this.#taking.then(() => this.#ports.turns.run(this.#observe(snapshot, where)))
    this.#taking = taken
    return taken
  }

  *#observe(snapshot: unknown, where: string): Steps<ReplicaFacts | undefined> {
    try {
      const text = Buffer.isBuffer(snapshot) ? snapshot.toString('utf8') : snapshot
      yield
      const reading = typeof text === 'string' ? yield* readText(text) : readSnapshot(text)
      yield* this.registry.observing(reading, this.nowMs)
      this.#refusals.delete(where)
      return reading
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

  *#view(): Steps<State> {
    const { registry, nowMs } = this
    const upstreams = yield* viewingUpstreams(registry, nowMs)
    const fleet = viewFleet(registry, upstreams, this.#refusals, nowMs)
    return { fleet, upstreams, events: [...registry.timeline.events] }
  }
}

function* readText(text: string): Steps<SnapshotReading> {
  const { frame, open } = yield* cutSnapshot(text)
  return readSnapshot(frame, open)
}
