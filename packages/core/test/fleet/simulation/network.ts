import { MemoryStore } from '#core/fleet/memory-store.js'
import type { FleetNews } from '#core/fleet/record.js'
import type { Answer, Board, Message, Store } from '#core/fleet/store.js'
import type { Clock } from '#core/kernel/clock.js'
import type { Random } from '#core/kernel/random.js'
import type { EventQueue } from './event-queue.js'

/** The one store of the fleet, with accidents of its own. */
export class Site {
  store: MemoryStore
  isDown = false
  readonly #clock: Clock
  readonly #listeners = new Set<(upstream: string, news: FleetNews) => void>()
  readonly #upstreams: readonly string[]

  constructor(clock: Clock, upstreams: readonly string[]) {
    this.#clock = clock
    this.#upstreams = upstreams
    this.store = this.#open()
  }

  /** Subscriptions outlive the data, as connections outlive FLUSHALL. */
  flush(): void {
    this.store = this.#open()
  }

  on(listener: (upstream: string, news: FleetNews) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #open(): MemoryStore {
    const store = new MemoryStore(this.#clock)
    for (const upstream of this.#upstreams) {
      store.subscribe(upstream, (news) => {
        for (const listener of this.#listeners) listener(upstream, news)
      })
    }
    return store
  }
}

export interface Weather {
  readonly delayMs: number
  readonly loss: number
}

/** The store as one replica reaches it: late, not always, or not at all. */
export class Link implements Store, Board {
  isCut = false
  readonly #site: Site
  readonly #queue: EventQueue
  readonly #random: Random
  readonly #weather: Weather

  constructor(site: Site, queue: EventQueue, random: Random, weather: Weather) {
    this.#site = site
    this.#queue = queue
    this.#random = random
    this.#weather = weather
  }

  exchange(upstream: string, message: Message): Promise<Answer> {
    return this.#call(() => this.#site.store.exchange(upstream, message))
  }

  lease(upstream: string, server: string, replica: string): Promise<number> {
    return this.#call(() => this.#site.store.lease(upstream, server, replica))
  }

  subscribe(upstream: string, listener: (news: FleetNews) => void): () => void {
    return this.#site.on((of, news) => {
      if (of === upstream) this.#send(() => listener(news))
    })
  }

  post(): Promise<void> {
    return Promise.resolve()
  }

  read(): Promise<ReadonlyMap<string, string>> {
    return Promise.resolve(new Map())
  }

  close(): void {}

  /** There and back; what is lost on the way back has been done all the same. */
  #call<T>(ask: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#send(() => {
        ask().then(
          (value) => this.#send(() => resolve(value)),
          (error: unknown) => this.#send(() => reject(error)),
        )
      })
    })
  }

  #send(arrive: () => void): void {
    const delayMs = 0.2 + (this.#random.below(1_000) / 1_000) * this.#weather.delayMs
    const isLost = this.#random.below(1_000) < this.#weather.loss * 1_000
    if (isLost || this.isCut) return
    this.#queue.after(delayMs, () => {
      if (this.isCut || this.#site.isDown) return
      this.#queue.wake()
      arrive()
    })
  }
}
