import type { Clock } from '../kernel/clock.js'
import { Emitter } from '../kernel/event.js'
import { type EjectionRecord, type FleetNews, type FleetRecord, recordName } from './record.js'
import {
  ALIVE_MS,
  type Answer,
  type Board,
  ENDED_MS,
  type FailReport,
  LEASE_MS,
  type Message,
  MOST_VOTERS,
  type Store,
  UNLISTED_MS,
} from './store.js'
import { Tally } from './tally.js'
import { areSuspects, neededVoters } from './view.js'

/** A fleet within one process: what the Redis commands do, in the same order. */
export class MemoryStore implements Store, Board {
  readonly #clock: Clock
  readonly #upstreams = new Map<string, Room>()
  readonly #posts = new Map<string, { readonly text: string; readonly endsMs: number }>()

  /** @param clock its wall time is the fleet's. */
  constructor(clock: Clock) {
    this.#clock = clock
  }

  async exchange(upstream: string, message: Message): Promise<Answer> {
    return this.#room(upstream).exchange(message, Math.floor(this.#clock.wall()))
  }

  async lease(upstream: string, server: string, replica: string): Promise<number> {
    return this.#room(upstream).lease(server, replica, Math.floor(this.#clock.wall()))
  }

  subscribe(upstream: string, listener: (news: FleetNews) => void): () => void {
    return this.#room(upstream).news.on(listener)
  }

  async post(replica: string, text: string, ttlMs: number): Promise<void> {
    this.#posts.set(replica, { text, endsMs: this.#clock.wall() + ttlMs })
  }

  async read(): Promise<ReadonlyMap<string, string>> {
    const nowMs = this.#clock.wall()
    for (const [replica, { endsMs }] of this.#posts) {
      if (endsMs <= nowMs) this.#posts.delete(replica)
    }
    return new Map([...this.#posts].map(([replica, { text }]) => [replica, text]))
  }

  close(): void {
    for (const room of this.#upstreams.values()) room.news.clear()
  }

  #room(upstream: string): Room {
    const known = this.#upstreams.get(upstream) ?? new Room()
    this.#upstreams.set(upstream, known)
    return known
  }
}

/** What the store holds of one upstream. */
class Room {
  readonly news: Emitter<FleetNews> = new Emitter<FleetNews>()
  readonly #replicas = new Map<string, number>()
  readonly #sick = new Map<string, number>()
  readonly #records = new Map<string, FleetRecord>()
  readonly #listed = new Map<string, number>()
  readonly #tallies = new Map<string, Tally>()
  readonly #probes = new Map<string, { readonly replica: string; readonly endsMs: number }>()
  #stamp = 0
  #changed = false

  exchange(message: Message, nowMs: number): Answer {
    this.#changed = false
    this.#enrol(message, nowMs)
    for (const record of message.records) {
      this.#put(record)
      if (record.kind === 'override') this.#listed.set(record.server, nowMs)
    }
    for (const sessions of message.sessions ?? []) this.news.emit(sessions)
    this.#dropUnlisted(message, nowMs)
    for (const server of message.returned) this.#return(server, message.replica, nowMs)
    if (message.replica !== undefined) {
      for (const fail of message.fails) {
        this.#countFails(fail, message.replica, message.quorum, nowMs)
      }
    }
    if (this.#changed || this.#stamp === 0) this.#stamp = Math.max(nowMs * 1000, this.#stamp + 1)
    const stamp = String(this.#stamp)
    if (stamp === message.known) return { nowMs, stamp, state: undefined }
    for (const [name, record] of this.#records) {
      const hasEnded = record.kind === 'ejection' && record.untilMs < nowMs - ENDED_MS
      if (hasEnded) this.#records.delete(name)
    }
    return {
      nowMs,
      stamp,
      state: {
        replicas: [...this.#replicas.keys()],
        sick: [...this.#sick.keys()],
        records: [...this.#records.values()],
      },
    }
  }

  lease(server: string, replica: string, nowMs: number): number {
    const ejection = this.#ejection(server)
    if (isOut(ejection) && ejection.untilMs > nowMs) return ejection.untilMs - nowMs
    const held = this.#probes.get(server)
    if (held !== undefined && held.endsMs > nowMs && held.replica !== replica) {
      return held.endsMs - nowMs
    }
    this.#probes.set(server, { replica, endsMs: nowMs + LEASE_MS })
    return 0
  }

  #enrol({ replica, sick, leaving }: Message, nowMs: number): void {
    for (const list of [this.#replicas, this.#sick]) {
      for (const [name, heardMs] of list) {
        if (heardMs <= nowMs - ALIVE_MS) this.#note(list.delete(name))
      }
    }
    if (replica === undefined) return
    if (leaving) this.#note(this.#replicas.delete(replica))
    else this.#note(isNew(this.#replicas, replica, nowMs))
    if (leaving || !sick) this.#note(this.#sick.delete(replica))
    else this.#note(isNew(this.#sick, replica, nowMs))
  }

  #dropUnlisted({ listed, settled }: Message, nowMs: number): void {
    for (const server of listed) {
      if (this.#listed.has(server)) this.#listed.set(server, nowMs)
    }
    if (!settled) return
    for (const [server, listedMs] of this.#listed) {
      if (listedMs >= nowMs - UNLISTED_MS) continue
      this.#listed.delete(server)
      this.#note(this.#records.delete(recordName({ kind: 'override', server })))
    }
  }

  #return(server: string, replica: string | undefined, nowMs: number): void {
    const ejection = this.#ejection(server) ?? noEjection(server)
    if (!isOut(ejection) || ejection.untilMs <= nowMs) {
      this.#tallies.delete(server)
      this.#put({ ...next(ejection, nowMs), untilMs: nowMs, voters: new Map() })
    }
    this.#giveUpProbe(server, replica)
  }

  #countFails(fail: FailReport, replica: string, quorum: number, nowMs: number): void {
    const { server, count, again, inARow, lengthMs } = fail
    const ejection = this.#ejection(server)
    if (again) this.#giveUpProbe(server, replica)
    if (isOut(ejection) && ejection.untilMs > nowMs) {
      // Somebody may come to doubt those who voted first.
      const voters = withVote(ejection, replica, count)
      if (!this.#votes(replica) || voters.size === ejection.voters.size) return
      this.#put({ ...next(ejection, nowMs), voters })
    } else if (isOut(ejection) && again) {
      if (!this.#votes(replica)) return
      const voters = withVote(ejection, replica, count)
      this.#put({ ...next(ejection, nowMs), untilMs: nowMs + lengthMs, inARow, voters })
    } else {
      const voters = this.#voters(fail, replica, nowMs)
      const total = [...voters.values()].reduce((sum, one) => sum + one, 0)
      if (voters.size < neededVoters(quorum, this.#replicas.size) || total < fail.maxFails) return
      const before = ejection ?? noEjection(server)
      this.#put({ ...next(before, nowMs), untilMs: nowMs + lengthMs, inARow, voters })
      this.#tallies.delete(server)
    }
  }

  #voters(fail: FailReport, replica: string, nowMs: number): Map<string, number> {
    const tally = this.#tallies.get(fail.server) ?? new Tally()
    this.#tallies.set(fail.server, tally)
    const all = [...tally.add(replica, fail.count, fail.windowMs, nowMs)]
    return new Map(all.filter(([name]) => this.#votes(name)).slice(0, MOST_VOTERS))
  }

  #ejection(server: string): EjectionRecord | undefined {
    const record = this.#records.get(recordName({ kind: 'ejection', server }))
    return record?.kind === 'ejection' ? record : undefined
  }

  #put(record: FleetRecord): void {
    const name = recordName(record)
    if ((this.#records.get(name)?.version ?? -1) >= record.version) return
    this.#records.set(name, record)
    this.#changed = true
    this.news.emit(record)
  }

  #giveUpProbe(server: string, replica: string | undefined): void {
    if (this.#probes.get(server)?.replica === replica) this.#probes.delete(server)
  }

  #votes(replica: string): boolean {
    return this.#replicas.has(replica) && !this.#isSuspect(replica)
  }

  #isSuspect(replica: string): boolean {
    return this.#sick.has(replica) && areSuspects(this.#sick.size, this.#replicas.size)
  }

  #note(changed: boolean): void {
    if (changed) this.#changed = true
  }
}

function noEjection(server: string): EjectionRecord {
  return { kind: 'ejection', server, version: 0, untilMs: 0, inARow: 0, voters: new Map() }
}

function isOut(ejection: EjectionRecord | undefined): ejection is EjectionRecord {
  return ejection !== undefined && ejection.voters.size > 0
}

/** The record's next version: later than any before, whatever the clock says. */
function next<T extends { readonly version: number }>(record: T, nowMs: number): T {
  return { ...record, version: Math.max(nowMs * 1000, record.version + 1) }
}

function withVote({ voters }: EjectionRecord, replica: string, count: number): Map<string, number> {
  const all = new Map(voters)
  if (!all.has(replica) && all.size < MOST_VOTERS) all.set(replica, count)
  return all
}

function isNew(list: Map<string, number>, name: string, nowMs: number): boolean {
  const before = list.size
  list.set(name, nowMs)
  return list.size > before
}
