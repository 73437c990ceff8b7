import type { ServerConfig, Stage } from '../servers/server.js'
import { byAddress, type NameConfig } from './name.js'

/** How servers come and go. */
export interface MembershipRules {
  /** How long a discovered server takes no new sessions, until every replica can know it. */
  readonly settleMs: number
  /** How long a server that is not named any more keeps its sessions. */
  readonly lingerMs: number
}

/** A place in the list: a server that is always there, or the name of a source of servers. */
export type Place = ServerConfig | string

/** The places of servers and names, as they stand in one list. */
export function places(
  servers: readonly ServerConfig[],
  names: readonly NameConfig[],
): readonly Place[] {
  const list: Place[] = [...servers]
  for (const [before, { label, position }] of names.entries()) {
    list.splice(position + before, 0, label)
  }
  return list
}

interface Member {
  config: ServerConfig
  readonly joinedMs: number
  settledMs: number
  vanishedMs: number
}

const LONG_AGO = Number.NEGATIVE_INFINITY
const NEVER = Number.POSITIVE_INFINITY

/** A rollout is over when nobody has come or gone for so long. */
const ROLLOUT_PAUSE_MS = 300_000

/**
 * The servers of an upstream over time, from all the sources that know some. It is told what they
 * say, and answers with the one list that is true now: pure arithmetic on times that it is given,
 * monotonic milliseconds.
 */
export class Membership {
  readonly #sources = new Map<string, Map<string, Member>>()
  #places: readonly Place[] = []
  #rules: MembershipRules
  #rolloutMs = NEVER
  #changedMs = LONG_AGO

  constructor(rules: MembershipRules) {
    this.#rules = rules
  }

  /** Takes the order in which servers and sources are listed; a source that stays keeps what it said. */
  arrange(places: readonly Place[], rules: MembershipRules): void {
    this.#places = places
    this.#rules = rules
    for (const source of this.#sources.keys()) {
      if (!places.includes(source)) this.#sources.delete(source)
    }
  }

  /**
   * Takes all that a source says now. What it says first need not settle: without it there would
   * be no servers at all.
   * @param kept addresses of which it says something that cannot be used: they stay as they were.
   */
  hear(
    source: string,
    servers: readonly ServerConfig[],
    nowMs: number,
    kept: readonly string[] = [],
  ): void {
    const known = this.#sources.get(source)
    const members = known ?? new Map<string, Member>()
    this.#sources.set(source, members)
    const named = new Set(kept)
    let changed = false
    for (const config of servers) {
      named.add(config.address)
      const member = members.get(config.address)
      if (member?.config.incarnation === config.incarnation) {
        member.config = config
        continue
      }
      changed = known !== undefined
      const joinedMs = changed ? nowMs : LONG_AGO
      const settledMs = joinedMs + this.#rules.settleMs
      members.set(config.address, { config, joinedMs, settledMs, vanishedMs: NEVER })
    }
    for (const [address, member] of members) {
      if (named.has(address)) member.vanishedMs = NEVER
      else if (member.vanishedMs === NEVER) {
        member.vanishedMs = nowMs
        changed = true
      }
    }
    if (changed) this.#notice(nowMs)
    if (!this.#anySettled(nowMs)) this.#settleAll(nowMs)
  }

  /** The servers to use now, and what stage each is at. Of an address named twice the first counts. */
  list(nowMs: number): readonly ServerConfig[] {
    this.#forget(nowMs)
    const servers = new Map<string, ServerConfig>()
    const ids = new Set<string>()
    for (const config of this.#inOrder(nowMs)) {
      if (servers.has(config.address)) continue
      const id = ids.has(config.id) ? config.address : config.id
      ids.add(id)
      servers.set(config.address, id === config.id ? config : { ...config, id })
    }
    return [...servers.values()]
  }

  /** When the list of `listedMs` will change by itself; Infinity when only a source can change it. */
  dueMs(listedMs: number): number {
    let due = NEVER
    const consider = (atMs: number): void => {
      if (atMs > listedMs && atMs < due) due = atMs
    }
    for (const member of this.#members()) {
      if (member.vanishedMs !== NEVER) consider(member.vanishedMs + this.#rules.lingerMs)
      else consider(member.settledMs)
    }
    consider(this.#changedMs + ROLLOUT_PAUSE_MS)
    return due
  }

  *#inOrder(nowMs: number): Generator<ServerConfig> {
    for (const place of this.#places) {
      if (typeof place !== 'string') {
        yield place
        continue
      }
      const members = [...(this.#sources.get(place)?.values() ?? [])]
      yield* members.map((member) => this.#staged(member, nowMs)).sort(byAddress)
    }
  }

  #staged(member: Member, nowMs: number): ServerConfig {
    const stage = this.#stageOf(member, nowMs)
    return stage === undefined ? member.config : { ...member.config, stage }
  }

  #stageOf({ joinedMs, settledMs, vanishedMs }: Member, nowMs: number): Stage | undefined {
    if (vanishedMs !== NEVER) return 'leaving'
    if (settledMs > nowMs) return 'settling'
    const rolling = nowMs < this.#changedMs + ROLLOUT_PAUSE_MS
    return rolling && joinedMs >= this.#rolloutMs ? 'fresh' : undefined
  }

  #notice(nowMs: number): void {
    if (nowMs >= this.#changedMs + ROLLOUT_PAUSE_MS) this.#rolloutMs = nowMs
    this.#changedMs = nowMs
  }

  #forget(nowMs: number): void {
    for (const members of this.#sources.values()) {
      for (const [address, { vanishedMs }] of members) {
        if (nowMs >= vanishedMs + this.#rules.lingerMs) members.delete(address)
      }
    }
  }

  #anySettled(nowMs: number): boolean {
    const takesSessions = (config: ServerConfig): boolean =>
      !(config.down || config.drain || config.backup)
    for (const place of this.#places) {
      if (typeof place !== 'string' && takesSessions(place)) return true
    }
    for (const { config, settledMs, vanishedMs } of this.#members()) {
      if (vanishedMs === NEVER && settledMs <= nowMs && takesSessions(config)) return true
    }
    return false
  }

  // All at once are new: some replicas may not know them, but nobody could be served without them.
  #settleAll(nowMs: number): void {
    for (const member of this.#members()) {
      if (member.settledMs > nowMs) member.settledMs = nowMs
    }
  }

  *#members(): Generator<Member> {
    for (const members of this.#sources.values()) yield* members.values()
  }
}

/** Whether two lists say the same. */
export function sameServers(a: readonly ServerConfig[], b: readonly ServerConfig[]): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
