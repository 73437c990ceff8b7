import type { Feed } from './feed.js'
import type { Source } from './sources/source.js'
import type { Broadcast } from './wire/broadcast.js'

/**
 * Polls the source every `intervalMs`, sooner when it has news, and tells the viewers.
 * @returns what ends that.
 */
export function keepUp(
  feed: Feed,
  source: Source,
  broadcast: Broadcast,
  intervalMs: number,
): () => void {
  let timer: NodeJS.Timeout | undefined
  let isOver = false
  let isBusy = false
  let isNews = false

  const step = async (): Promise<void> => {
    if (isBusy) return
    isBusy = true
    isNews = false
    clearTimeout(timer)
    const before = performance.eventLoopUtilization()
    await feed.poll()
    if (broadcast.viewers > 0 && !isOver) await broadcast.publish(feed.state)
    isBusy = false
    if (isOver) return
    // A fleet so large that a look at it takes longer than the interval gets half of a core.
    const { active } = performance.eventLoopUtilization(before)
    plan(isNews ? SOON_MS : Math.max(intervalMs, active))
  }
  const plan = (ms: number): void => {
    clearTimeout(timer)
    timer = setTimeout(step, ms)
    timer.unref()
  }

  // Not at once: what is registered after this may still add to what there is.
  plan(SOON_MS)
  const unwatch = source.watch?.(() => {
    isNews = true
    if (!isBusy && !isOver) plan(SOON_MS)
  })
  return () => {
    isOver = true
    clearTimeout(timer)
    unwatch?.()
  }
}

// A burst of ejections is one piece of news.
const SOON_MS = 50
