import {
  type FoundAddress,
  MOST_ADDRESSES,
  type NameConfig,
  nextLookupMs,
  type Random,
  type Timers,
} from '@holdfast/core'
import type { NameLookup } from './name-lookup.js'
import type { Trouble } from './trouble.js'

export interface NameWatchPorts {
  readonly lookup: NameLookup
  readonly timers: Timers
  readonly random: Random
}

/** Looks a name up again and again. What fails changes nothing but the log. */
export class NameWatch {
  /** Resolves when the name was looked up for the first time, whatever came of it. */
  readonly first: Promise<void>

  readonly #name: NameConfig
  readonly #ports: NameWatchPorts
  readonly #onFound: (found: readonly FoundAddress[]) => void
  readonly #trouble: Trouble
  #cancel: (() => void) | undefined
  #closed = false

  constructor(
    name: NameConfig,
    ports: NameWatchPorts,
    onFound: (found: readonly FoundAddress[]) => void,
    trouble: Trouble,
  ) {
    this.#name = name
    this.#ports = ports
    this.#onFound = onFound
    this.#trouble = trouble
    this.first = this.#look()
  }

  close(): void {
    this.#closed = true
    this.#cancel?.()
  }

  async #look(): Promise<void> {
    const { resolveMs } = this.#name
    const { lookup, random, timers } = this.#ports
    let ttlMs: number | undefined
    try {
      const finding = await lookup.find(this.#name)
      if (this.#closed) return
      ttlMs = finding.ttlMs
      this.#take(finding.found, finding.problems)
    } catch (error) {
      if (this.#closed) return
      this.#trouble.is(error instanceof Error ? error.message : String(error))
    }
    this.#cancel = timers.after(nextLookupMs(ttlMs, resolveMs, random), () => void this.#look())
  }

  #take(found: readonly FoundAddress[], problems: readonly string[]): void {
    const tooMany = found.length > MOST_ADDRESSES
    // An empty answer is a mistake more often than the wish to serve nobody.
    if (found.length > 0) this.#onFound(found)
    const [problem] = problems
    if (found.length === 0) this.#trouble.is('the name has no address')
    else if (problem !== undefined) this.#trouble.is(problem)
    else if (tooMany)
      this.#trouble.is(`only ${MOST_ADDRESSES} of ${found.length} addresses are used`)
    else this.#trouble.over()
  }
}
