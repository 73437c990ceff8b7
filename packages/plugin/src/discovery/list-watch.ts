import { setImmediate } from 'node:timers/promises'
import {
  type Discover,
  LONGEST_PAUSE_MS,
  type Random,
  restartMs,
  type Timers,
} from '@holdfast/core'
import type { Trouble } from './trouble.js'

export interface ListWatchPorts {
  readonly timers: Timers
  readonly random: Random
}

/** A source may speak as often as it likes: it is acted upon ten times a second at most. */
const PACE_MS = 100

/**
 * Follows a user's `discover` for as long as the gateway lives. The newest list wins; a source
 * that throws or ends is started again, ever later.
 */
export class ListWatch {
  /** Resolves with the first list, or when there was none before the first failure. */
  readonly first: Promise<void>

  readonly #discover: Discover
  readonly #ports: ListWatchPorts
  readonly #onList: (list: unknown) => void
  readonly #trouble: Trouble
  #spoke: () => void = () => {}
  #newest: { readonly list: unknown } | undefined
  #resting = false
  #failures = 0
  #run: AbortController | undefined
  #iterator: AsyncIterator<unknown> | undefined
  readonly #timers = new Set<() => void>()
  #closed = false

  constructor(
    discover: Discover,
    ports: ListWatchPorts,
    onList: (list: unknown) => void,
    trouble: Trouble,
  ) {
    this.#discover = discover
    this.#ports = ports
    this.#onList = onList
    this.#trouble = trouble
    this.first = new Promise((resolve) => {
      this.#spoke = resolve
    })
    void this.#follow()
  }

  /** Ends the source; one that does not react to its signal is left alone. */
  close(): void {
    this.#closed = true
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
    this.#stop()
    this.#spoke()
  }

  async #follow(): Promise<void> {
    while (!this.#closed) {
      const reason = await this.#listen()
      if (this.#closed) return
      this.#stop()
      this.#spoke()
      this.#failures += 1
      if (reason !== undefined) this.#trouble.is(reason)
      await new Promise<void>((resolve) => {
        this.#after(restartMs(this.#failures, this.#ports.random), resolve)
      })
    }
  }

  /** One life of the source; resolves with why it failed, if it did. */
  async #listen(): Promise<string | undefined> {
    const run = new AbortController()
    this.#run = run
    let cancelProof: (() => void) | undefined
    try {
      const iterator = this.#discover(run.signal)[Symbol.asyncIterator]()
      this.#iterator = iterator
      for (;;) {
        const { done, value } = await iterator.next()
        if (this.#closed) return undefined
        if (done === true) return cancelProof === undefined ? 'the source ended' : undefined
        // What has gone on for a while is well, and does not pay for old failures.
        cancelProof ??= this.#after(LONGEST_PAUSE_MS, () => {
          this.#failures = 0
          this.#trouble.over()
        })
        this.#take(value)
        // A source that never waits must not keep the gateway from its requests.
        await setImmediate()
      }
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    } finally {
      cancelProof?.()
    }
  }

  #take(list: unknown): void {
    if (this.#resting) {
      this.#newest = { list }
      return
    }
    this.#onList(list)
    this.#spoke()
    this.#rest()
  }

  #rest(): void {
    this.#resting = true
    this.#after(PACE_MS, () => {
      this.#resting = false
      const newest = this.#newest
      this.#newest = undefined
      if (newest !== undefined) this.#take(newest.list)
    })
  }

  #stop(): void {
    this.#run?.abort()
    // It may wait for something that never comes, so nobody waits for it.
    this.#iterator?.return?.().catch(() => {})
    this.#run = undefined
    this.#iterator = undefined
  }

  #after(ms: number, fn: () => void): () => void {
    const cancel = this.#ports.timers.after(ms, () => {
      this.#timers.delete(cancel)
      fn()
    })
    this.#timers.add(cancel)
    return () => {
      this.#timers.delete(cancel)
      cancel()
    }
  }
}
