import type { FleetNews, FleetRecord, SessionNews } from './record.js'

/**
 * Where replicas meet: the port that a memory store, Redis and a faulty one in tests implement.
 * Nothing that serves a request ever waits for it. All times are the store's own, in wall
 * milliseconds, so that no replica's clock matters.
 */
export interface Store {
  /**
   * Hands over what a replica has to say and brings what it should know. The first one makes it a
   * member of the upstream's fleet, and it stays one for {@link ALIVE_MS} after each.
   * @returns undefined when there was no answer; only an insured store does that, others reject.
   */
  exchange(upstream: string, message: Message): Promise<Answer | undefined>
  /**
   * Asks for, or renews, the right to probe a server for {@link LEASE_MS}. One replica has it.
   * @returns 0 when granted, else in how many milliseconds it is worth asking again.
   */
  lease(upstream: string, server: string, replica: string): Promise<number>
  /**
   * Has `listener` told of every record as it changes, and of sessions. News may be lost: of
   * records, exchanges make up for it. The returned function stops that.
   */
  subscribe(upstream: string, listener: (news: FleetNews) => void): () => void
  /** Ends connections, if there are any; nothing rejects for it. */
  close(): void
}

/** Where replicas put their snapshots for whoever watches the fleet. */
export interface Board {
  /** Replaces the replica's last one; this one lasts for `ttlMs`. */
  post(replica: string, text: string, ttlMs: number): Promise<void>
  /** Those that have not expired, by replica. */
  read(): Promise<ReadonlyMap<string, string>>
}

/** What a replica says. Servers go by their identity: address, space, incarnation. */
export interface Message {
  /** Its name; undefined for an observer, who has no vote and is no member. */
  readonly replica: string | undefined
  /** The stamp of the last answer: what has not changed since need not be sent. */
  readonly known: string
  /** Replicas that must have seen fails before the fleet ejects; all of them in a smaller fleet. */
  readonly quorum: number
  /** Whether most servers fail for this replica. Where others fare better, it is a suspect. */
  readonly sick: boolean
  readonly fails: readonly FailReport[]
  /** Servers whose probe went well. */
  readonly returned: readonly string[]
  /** Overrides, and what the store may have lost. What is older than the store's is ignored. */
  readonly records: readonly FleetRecord[]
  /** What it has learned of sessions, to be told to all others and kept by nobody. */
  readonly sessions?: readonly SessionNews[] | undefined
  /** Overridden servers that this replica has in its list. */
  readonly listed: readonly string[]
  /** Whether the replica is a member for so long that it would know of anybody's list. */
  readonly settled: boolean
  readonly leaving: boolean
}

/** Fails of one server at one replica since its last message, and what they may lead to. */
export interface FailReport {
  readonly server: string
  readonly count: number
  /** The last of them was a probe: the ejection goes on. */
  readonly again: boolean
  readonly maxFails: number
  readonly windowMs: number
  /** If this leads to an ejection: how many in a row that makes, and how long it lasts. */
  readonly inARow: number
  readonly lengthMs: number
}

export interface Answer {
  readonly nowMs: number
  readonly stamp: string
  /** Undefined when nothing has changed since the stamp that the replica knew. */
  readonly state: FleetState | undefined
}

/** Everything that the store holds of one upstream. */
export interface FleetState {
  readonly replicas: readonly string[]
  readonly sick: readonly string[]
  readonly records: readonly FleetRecord[]
}

/** A replica that was not heard of for so long is gone. */
export const ALIVE_MS = 6_000
/** How long one replica may probe before it must ask again. */
export const LEASE_MS = 2_000
/** An override of a server that no replica has listed for so long is dropped. */
export const UNLISTED_MS = 60_000
/** How long an ejection is remembered after its end, so that stale news of it is known as such. */
export const ENDED_MS = 600_000
/** What nobody refreshes goes away. */
export const EXPIRY_MS = 2_592_000_000
/** A version beyond this is no version; the microseconds of the year 2223, and room to count on. */
export const MOST_VERSION = 8_000_000_000_000_000
/** Voters that an ejection lists at most. */
export const MOST_VOTERS = 16
