import { type EjectionRecord, type FleetRecord, type OverrideRecord, recordName } from './record.js'
import { ENDED_MS } from './store.js'

/** More than any fleet has; what comes beyond is not kept. */
const MOST_RECORDS = 4_096

/** The records that a replica knows, and those that the store does not have from it yet. */
export class Records {
  readonly #known = new Map<string, FleetRecord>()
  readonly #unsaid = new Map<string, FleetRecord>()

  get hasUnsaid(): boolean {
    return this.#unsaid.size > 0
  }

  ejectionOf(server: string): EjectionRecord | undefined {
    const record = this.#known.get(recordName({ kind: 'ejection', server }))
    return record?.kind === 'ejection' ? record : undefined
  }

  overrideOf(server: string): OverrideRecord | undefined {
    const record = this.#known.get(recordName({ kind: 'override', server }))
    return record?.kind === 'override' ? record : undefined
  }

  /** Takes a record from elsewhere; false when it is no news. */
  learn(record: FleetRecord): boolean {
    const name = recordName(record)
    const known = this.#known.get(name)
    if (known === undefined ? this.#known.size >= MOST_RECORDS : known.version >= record.version) {
      return false
    }
    this.#known.set(name, record)
    this.#unsaid.delete(name)
    return true
  }

  /** Takes a record from here, to be told to the store. */
  say(record: FleetRecord): void {
    if (this.learn(record)) this.#unsaid.set(recordName(record), record)
  }

  unsaid(): readonly FleetRecord[] {
    return [...this.#unsaid.values()]
  }

  /** The store has these now. */
  delivered(records: readonly FleetRecord[]): void {
    for (const record of records) {
      const name = recordName(record)
      if (this.#unsaid.get(name) === record) this.#unsaid.delete(name)
    }
  }

  /** Takes all that the store has, and sees to it that it gets back what it has lost. */
  reconcile(stored: readonly FleetRecord[], listed: ReadonlySet<string>, nowMs: number): void {
    const versions = new Map(stored.map((record) => [recordName(record), record.version]))
    for (const record of stored) this.learn(record)
    for (const [name, record] of this.#known) {
      if ((versions.get(name) ?? -1) >= record.version) continue
      const hasEnded = record.kind === 'ejection' && record.untilMs < nowMs - ENDED_MS
      if (hasEnded || !listed.has(record.server)) this.#known.delete(name)
      else this.#unsaid.set(name, record)
    }
  }
}
