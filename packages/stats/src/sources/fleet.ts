import type { OverrideSnapshot } from '@holdfast/core'
import {
  type Board,
  decodeSnapshot,
  type Message,
  type OverrideRecord,
  type Store,
} from '@holdfast/core/fleet'
import { type Control, ControlError, type KnownTarget } from '../control/control.js'
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
      // What the client says of its own queue helps nobody at night; the log has it as the cause.
      return sink.fail(WHERE, new Error('does not answer', { cause: error }))
    }
    sink.fine(WHERE)
    for (const [replica, text] of snapshots) {
      await sink.take(await decodeSnapshot(text), replica)
    }
  }

  /** Tells the fleet what a replica would tell it, as an observer without a vote. */
  async override(
    target: KnownTarget,
    override: OverrideSnapshot,
    by: string,
    ttlMs = 0,
  ): Promise<void> {
    try {
      const { nowMs, state } = await this.#exchange(target.upstream, [])
      const highest = Math.max(0, ...(state?.records ?? []).map(({ version }) => version))
      const record: OverrideRecord = {
        kind: 'override',
        server: `${target.address} ${target.incarnation}`,
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
