import type { Feed } from '../feed.js'
import type { Target } from './control.js'
import { type DrainReport, drainReport } from './drain-report.js'

const LOOK_AGAIN_MS = 500

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
  async wait(target: Target, waitMs: number, gone: AbortSignal): Promise<DrainReport> {
    const end = AbortSignal.any([gone, this.#closing.signal])
    const deadline = this.#feed.nowMs + waitMs
    for (;;) {
      const report = await this.report(target)
      const leftMs = deadline - this.#feed.nowMs
      if (report.safeToStop || leftMs <= 0 || end.aborted) return report
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
