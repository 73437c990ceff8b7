import { createHash } from 'node:crypto'

/** A session that was learned. */
export interface LearnedSession {
  /** The address and incarnation of its server, as `serverKey` writes them. */
  server: string
  /** Seconds of the monotonic clock. */
  seenS: number
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
    const key = digest(id)
    const session = this.#sessions.get(key)
    if (session === undefined) return undefined
    this.#sessions.delete(key)
    if (nowS - session.seenS > this.#timeoutS) return undefined
    session.seenS = nowS
    this.#sessions.set(key, session)
    return session
  }

  /** Notes that the session called `id` belongs to `server`. */
  put(id: string, server: string, nowS: number): void {
    const key = digest(id)
    this.#sessions.delete(key)
    this.#sessions.set(key, { server, seenS: nowS })
    this.#dropOld(nowS)
  }

  #dropOld(nowS: number): void {
    for (const [key, { seenS }] of this.#sessions) {
      if (this.#sessions.size <= this.#most && nowS - seenS <= this.#timeoutS) return
      this.#sessions.delete(key)
    }
  }
}

function digest(id: string): string {
  return createHash('sha256').update(id, 'latin1').digest('hex').slice(0, 32)
}
