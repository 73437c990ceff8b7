import type { Feed, State } from '../feed.js'
import { findServer } from '../routes/find.js'
import type { Target } from './control.js'
import { type DrainReport, drainReport, isClosed } from './drain-report.js'

const LOOK_AGAIN_MS = 500
const SETTLE_MS = 3_000

/** Tells how far servers are from being stopped without loss, at once or when they are. */
export class DrainWatch {
  readonly #feed: Feed
  readonly #closing = new AbortController()

  constructor(feed: Feed) {
    this.#feed = feed
  }

  /** @throws NotFoundError */
  async report(target: Target): Promise<DrainReport> {
    return drainReport(await this.#feed.read(), target)
  }

  /**
   * The report as soon as the server may be stopped, or after `waitMs`, or when nobody waits.
   * @throws NotFoundError
   */
  wait(target: Target, waitMs: number, gone: AbortSignal): Promise<DrainReport> {
    return this.#until(target, (state) => drainReport(state, target).safeToStop, waitMs, gone)
  }

  /**
   * The report as soon as every replica keeps new sessions from the server, which takes those of a
   * fleet a second: told before, it would say that the server is up.
   * @throws NotFoundError
   */
  settled({ upstream, server }: Target, gone: AbortSignal): Promise<DrainReport> {
    return this.#until(
      { upstream, server },
      (state) => isClosed(findServer(state, upstream, server)),
      SETTLE_MS,
      gone,
    )
  }

  async #until(
    target: Target,
    isSo: (state: State) => boolean,
    waitMs: number,
    gone: AbortSignal,
  ): Promise<DrainReport> {
    const end = AbortSignal.any([gone, this.#closing.signal])
    const deadline = this.#feed.nowMs + waitMs
    for (;;) {
      const state = await this.#feed.read()
      const leftMs = deadline - this.#feed.nowMs
      if (isSo(state) || leftMs <= 0 || end.aborted) return drainReport(state, target)
      await pause(Math.min(LOOK_AGAIN_MS, leftMs), end)
    }
  }

  /** Lets everybody who waits go. */
  close(): void {
    this.#closing.abort()
  }
}

function pause(ms: number, end: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (end.aborted) return resolve()
    const done = (): void => {
      clearTimeout(timer)
      end.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    end.addEventListener('abort', done)
  })
}
