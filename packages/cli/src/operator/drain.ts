import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '@holdfast/core'
import { type DrainStatus, serverPath } from './api.js'
import type { StatsClient } from './stats-client.js'

/** One call waits this long at most, so that no proxy in between loses patience. */
const LEG_MS = 30_000
/** Answers that come back early are not asked for again at once. */
const PAUSE_MS = 500
/** What an answer may take beyond the time it waited. */
const SLACK_MS = 10_000

/**
 * Waits until a server may be stopped, or the time is over.
 * @param told is called with every state on the way.
 */
export async function waitForDrain(
  client: StatsClient,
  upstream: string,
  id: string,
  patienceMs: number,
  told: (status: DrainStatus) => Promise<void>,
): Promise<DrainStatus> {
  const endMs = systemClock.now() + patienceMs
  for (;;) {
    const leftMs = Math.max(0, endMs - systemClock.now())
    const legMs = Math.min(LEG_MS, leftMs)
    const wait = legMs >= 1_000 ? `?wait=${Math.floor(legMs / 1000)}s` : ''
    const path = `${serverPath(upstream, id)}/drain${wait}`
    const status = await client.send<DrainStatus>('GET', path, undefined, legMs + SLACK_MS)
    if (status.safeToStop || systemClock.now() >= endMs) return status
    await told(status)
    await delay(Math.min(PAUSE_MS, leftMs))
  }
}
