import { createHash } from 'node:crypto'

/** A session that was learned. */
export interface LearnedSession {
  /** The first 16 bytes of its id's SHA-256, in hex. */
  readonly digest: string
  /** The address and incarnation of its server, as `identity` writes them. */
  server: string
  /** Seconds of the monotonic clock. */
  seenS: number
  /** When the other replicas heard of it last. */
  toldS: number
}

/**
 * Learned sessions by their id, bounded: the least recently used goes first. Of an id only the
 * first 16 bytes of its SHA-256 are kept, so that long ids cost no more than short ones and none
 * can be read from memory.
 */
export class SessionTable {
  readonly #most: number
  readonly #timeoutS: number
  // A Map keeps the order of insertion; a session that is used is inserted anew.
  readonly #sessions = new Map<string, LearnedSession>()

  constructor(most: number, timeoutS: number) {
    this.#most = most
    this.#timeoutS = timeoutS
  }

  get size(): number {
    return this.#sessions.size
  }

  /** The session called `id`, which counts as used now; undefined when it is unknown or expired. */
  use(id: string, nowS: number): LearnedSession | undefined {
    const digest = digestOf(id)
    const session = this.#sessions.get(digest)
    if (session === undefined) return undefined
    this.#sessions.delete(digest)
    if (nowS - session.seenS > this.#timeoutS) return undefined
    session.seenS = nowS
    this.#sessions.set(digest, session)
    return session
  }

  /** Notes that the session called `id` belongs to `server`. */
  put(id: string, server: string, nowS: number): LearnedSession {
    return this.#put(digestOf(id), server, nowS, Number.NEGATIVE_INFINITY)
  }

  /** Notes what another replica says of a session. */
  adopt(digest: string, server: string, nowS: number): void {
    this.#put(digest, server, nowS, nowS)
  }

  #put(digest: string, server: string, seenS: number, toldS: number): LearnedSession {
    const session = { digest, server, seenS, toldS }
    this.#sessions.delete(digest)
    this.#sessions.set(digest, session)
    this.#dropOld(seenS)
    return session
  }

  #dropOld(nowS: number): void {
    for (const [digest, { seenS }] of this.#sessions) {
      if (this.#sessions.size <= this.#most && nowS - seenS <= this.#timeoutS) return
      this.#sessions.delete(digest)
    }
  }
}

function digestOf(id: string): string {
  return createHash('sha256').update(id, 'latin1').digest('hex').slice(0, 32)
}
