import type { OverrideSnapshot, ReplicaSnapshot } from '@holdfast/core'
import {
  type Board,
  decodeSnapshot,
  type Message,
  type OverrideRecord,
  type Store,
} from '@holdfast/core/fleet'
import { type Control, ControlError, type Target } from '../control/control.js'
import { Turns } from '../turns.js'
import type { Sink, Source } from './source.js'

const WHERE = 'Redis'

/** A fleet's store: replicas put their snapshots on its board, and hear overrides from it. */
export function createFleetSource(store: Store & Board, freshMs: number): Source {
  return new FleetSource(store, freshMs)
}

class FleetSource implements Source, Control {
  readonly freshMs: number
  readonly expires = true
  readonly #store: Store & Board
  readonly #turns = new Turns()
  /** How replicas name a server, from their latest snapshots. */
  readonly #identities = new Map<string, string>()

  constructor(store: Store & Board, freshMs: number) {
    this.#store = store
    this.freshMs = freshMs
  }

  get control(): Control {
    return this
  }

  async poll(sink: Sink): Promise<void> {
    let snapshots: ReadonlyMap<string, string>
    try {
      snapshots = await this.#store.read()
    } catch (error) {
      return sink.fail(WHERE, error)
    }
    sink.fine(WHERE)
    for (const [replica, text] of snapshots) {
      const value = await this.#turns.run(() => decodeSnapshot(text))
      const snapshot = await this.#turns.run(() => sink.take(value, replica))
      if (snapshot !== undefined) this.#learn(snapshot)
    }
  }

  /** Tells the fleet what a replica would tell it, as an observer without a vote. */
  async override(target: Target, override: OverrideSnapshot, by: string, ttlMs = 0): Promise<void> {
    const server = this.#identities.get(keyOf(target))
    if (server === undefined) {
      throw new ControlError(404, 'HOLDFAST_UNKNOWN_SERVER', 'No replica has told of this server')
    }
    try {
      const { nowMs, state } = await this.#exchange(target.upstream, [])
      const highest = Math.max(0, ...(state?.records ?? []).map(({ version }) => version))
      const record: OverrideRecord = {
        kind: 'override',
        server,
        version: Math.max(Math.floor(nowMs * 1_000), highest + 1),
        override,
        untilMs: ttlMs === 0 ? 0 : Math.ceil(nowMs + ttlMs),
        by,
      }
      await this.#exchange(target.upstream, [record])
    } catch {
      throw new ControlError(503, 'HOLDFAST_NO_STORE', 'Redis does not answer: nothing was changed')
    }
  }

  async close(): Promise<void> {
    this.#store.close()
  }

  async #exchange(
    upstream: string,
    records: Message['records'],
  ): Promise<NonNullable<Awaited<ReturnType<Store['exchange']>>>> {
    const answer = await this.#store.exchange(upstream, { ...observation, records })
    if (answer === undefined) throw new Error('the store did not answer')
    return answer
  }

  #learn({ upstreams }: ReplicaSnapshot): void {
    for (const { name, servers } of upstreams) {
      for (const { id, address, incarnation = 0 } of servers) {
        const key = keyOf({ upstream: name, server: id })
        this.#identities.set(key, `${address} ${incarnation}`)
      }
    }
  }
}

/** What an observer says: nothing of its own. */
const observation: Omit<Message, 'records'> = {
  replica: undefined,
  known: '',
  quorum: 1,
  sick: false,
  fails: [],
  returned: [],
  listed: [],
  settled: false,
  leaving: false,
}

function keyOf({ upstream, server }: Target): string {
  return `${upstream} ${server}`
}
