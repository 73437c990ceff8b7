import type { DiscoverFunction, ServerOptions } from '@holdfast/plugin'
import type { Redis } from 'ioredis'

/** How long a server that says no more is still believed to be there. */
const TTL_MS = 15_000

/** How often gateways look, should a message be lost. */
const LOOK_MS = 5_000

/**
 * A `discover` that follows the servers which announce themselves under `key`: a sorted set of
 * their options by the time until which each is good, and messages on a channel of that name.
 */
export function redisServers(redis: Redis, key: string): DiscoverFunction {
  return async function* discover(signal) {
    const listener = redis.duplicate()
    // Without Redis there is nothing to be told; the reads below fail and say so.
    listener.on('error', () => {})
    let told = false
    let wake = (): void => {}
    const notice = (): void => {
      told = true
      wake()
    }
    signal.addEventListener('abort', notice)
    listener.on('message', notice)
    try {
      await listener.subscribe(key)
      while (!signal.aborted) {
        told = false
        const good = await redis.zrangebyscore(key, await nowMs(redis), '+inf')
        yield good.map((text) => JSON.parse(text) as ServerOptions)
        if (told) continue
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, LOOK_MS)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
    } finally {
      listener.disconnect()
    }
  }
}

/** A server says that it is there; to be repeated well within 15 seconds. */
export async function announce(redis: Redis, key: string, server: ServerOptions): Promise<void> {
  const now = await nowMs(redis)
  const added = await redis.zadd(key, now + TTL_MS, JSON.stringify(server))
  await redis.zremrangebyscore(key, '-inf', now)
  if (added > 0) await redis.publish(key, 'joined')
}

/** It says that it goes, or takes back what it said of itself before. */
export async function withdraw(redis: Redis, key: string, server: ServerOptions): Promise<void> {
  await redis.zrem(key, JSON.stringify(server))
  await redis.publish(key, 'left')
}

/** Redis's own clock, since those of the servers may differ. */
async function nowMs(redis: Redis): Promise<number> {
  const [seconds, micros] = await redis.time()
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000)
}
