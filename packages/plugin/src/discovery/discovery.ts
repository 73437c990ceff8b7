import {
  type Clock,
  type MembershipChange,
  type NameConfig,
  type Random,
  serversOf,
  type Timers,
  type Upstream,
} from '@holdfast/core'
import type { FastifyBaseLogger } from 'fastify'
import { ListWatch } from './list-watch.js'
import { NameLookup } from './name-lookup.js'
import type { NameServer } from './name-server.js'
import { NameWatch } from './name-watch.js'
import { Trouble } from './trouble.js'

export interface DiscoveryPorts {
  readonly clock: Clock
  readonly random: Random
  readonly timers: Timers
  readonly nameServer: (servers: readonly string[] | undefined) => NameServer
}

/** A log line need not read out a thousand servers. */
const MOST_NAMED = 20

/** Keeps the servers of one upstream up to date: asks its sources, and lets time pass. */
export class Discovery {
  readonly #upstream: Upstream
  readonly #ports: DiscoveryPorts
  readonly #log: FastifyBaseLogger
  readonly #onLeft: () => void
  readonly #nameServer: NameServer
  readonly #lookup: NameLookup
  readonly #names = new Map<string, { readonly name: string; readonly watch: NameWatch }>()
  #list: ListWatch | undefined
  #cancelReview: (() => void) | undefined

  /** @param onLeft called when a server is no member any more. */
  constructor(
    upstream: Upstream,
    ports: DiscoveryPorts,
    log: FastifyBaseLogger,
    onLeft: () => void,
  ) {
    this.#upstream = upstream
    this.#ports = ports
    this.#log = log
    this.#onLeft = onLeft
    const { discover, resolver } = upstream.config
    this.#nameServer = ports.nameServer(resolver)
    this.#lookup = new NameLookup(this.#nameServer)
    if (discover !== undefined) {
      const wrong = this.#trouble('discover')
      this.#list = new ListWatch(
        discover,
        ports,
        (list) => this.#hearList(list, wrong),
        this.#trouble('discover'),
      )
    }
    this.refresh()
  }

  /** Takes the names of a configuration that may have changed. */
  refresh(): void {
    const wanted = new Map(this.#upstream.config.names.map((name) => [name.label, name]))
    for (const [label, { name, watch }] of this.#names) {
      if (JSON.stringify(wanted.get(label)) === name) continue
      watch.close()
      this.#names.delete(label)
    }
    for (const [label, name] of wanted) {
      if (this.#names.has(label)) continue
      const watch = this.#watch(name)
      this.#names.set(label, { name: JSON.stringify(name), watch })
    }
    this.#planReview()
  }

  /** Resolves when every source has been heard once, or has failed to speak. */
  async first(): Promise<void> {
    const watches = [...this.#names.values()].map(({ watch }) => watch)
    await Promise.all([...watches, this.#list].map((watch) => watch?.first))
  }

  close(): void {
    this.#cancelReview?.()
    this.#list?.close()
    for (const { watch } of this.#names.values()) watch.close()
    this.#nameServer.close()
  }

  #watch(name: NameConfig): NameWatch {
    const onFound: ConstructorParameters<typeof NameWatch>[2] = (found) =>
      this.#tell(this.#upstream.hear(name.label, serversOf(name, found)))
    const ports = { ...this.#ports, lookup: this.#lookup }
    return new NameWatch(name, ports, onFound, this.#trouble(name.label))
  }

  #hearList(list: unknown, wrong: Trouble): void {
    const { problems, ...change } = this.#upstream.hearDiscovered(list)
    if (problems.length > 0) wrong.is(problems.slice(0, MOST_NAMED).join('; '))
    else wrong.over()
    this.#tell(change)
  }

  #tell({ joined, left }: MembershipChange): void {
    if (joined.length > 0 || left.length > 0) {
      this.#log.info(
        { upstream: this.#upstream.name, joined: some(joined), left: some(left) },
        'servers have joined or left',
      )
    }
    if (left.length > 0) this.#onLeft()
    this.#planReview()
  }

  /** Members settle and leave by themselves: the next time that one does is known. */
  #planReview(): void {
    this.#cancelReview?.()
    const dueMs = this.#upstream.reviewDueMs
    if (dueMs === Number.POSITIVE_INFINITY) return
    const inMs = Math.max(0, Math.ceil(dueMs - this.#ports.clock.now()))
    this.#cancelReview = this.#ports.timers.after(inMs, () => this.#tell(this.#upstream.review()))
  }

  #trouble(source: string): Trouble {
    return new Trouble(this.#log, { upstream: this.#upstream.name, source })
  }
}

function some(ids: readonly string[]): readonly string[] {
  if (ids.length <= MOST_NAMED) return ids
  return [...ids.slice(0, MOST_NAMED), `and ${ids.length - MOST_NAMED} more`]
}
