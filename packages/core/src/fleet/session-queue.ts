import { MOST_DIGESTS, type SessionNews } from './record.js'

/** What waits beyond this is dropped, the oldest first: some 3 MB while the store is down. */
const MOST_WAITING = 10_000
/** News in one message. */
const MOST_NEWS = 10

/** Learned sessions that the others have not been told of. */
export class SessionQueue {
  /** The server of each digest. */
  readonly #waiting = new Map<string, string>()

  get size(): number {
    return this.#waiting.size
  }

  put(digest: string, server: string): void {
    this.#waiting.delete(digest)
    this.#waiting.set(digest, server)
    if (this.#waiting.size <= MOST_WAITING) return
    for (const oldest of this.#waiting.keys()) {
      this.#waiting.delete(oldest)
      return
    }
  }

  /** As many as fit into a message; they wait until they are delivered. */
  next(replica: string): readonly SessionNews[] {
    const news: Array<SessionNews & { readonly digests: string[] }> = []
    for (const [digest, server] of this.#waiting) {
      let home = news.findLast((one) => one.server === server)
      if (home === undefined || home.digests.length >= MOST_DIGESTS) {
        if (news.length >= MOST_NEWS) break
        home = { kind: 'sessions', server, replica, digests: [] }
        news.push(home)
      }
      home.digests.push(digest)
    }
    return news
  }

  delivered(news: readonly SessionNews[]): void {
    for (const { server, digests } of news) {
      for (const digest of digests) {
        // One that has moved meanwhile is news again.
        if (this.#waiting.get(digest) === server) this.#waiting.delete(digest)
      }
    }
  }
}
