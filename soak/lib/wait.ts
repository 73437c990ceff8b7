import { setTimeout as delay } from 'node:timers/promises'

export const wait = (ms: number): Promise<void> => delay(ms)

/** Looks again and again while `work` goes on, and returns what it saw. */
export async function watchDuring<T>(
  work: Promise<unknown>,
  everyMs: number,
  look: () => T | Promise<T>,
): Promise<T[]> {
  const seen: T[] = []
  let over = false
  const ended = work.finally(() => {
    over = true
  })
  while (!over) {
    seen.push(await look())
    await Promise.race([ended, delay(everyMs)])
  }
  return seen
}
