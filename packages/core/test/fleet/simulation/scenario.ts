import { createSeededRandom } from '#core/kernel/random.js'

/** Something that goes wrong for a while. Replicas and servers by their number. */
export type Fault = { readonly fromMs: number; readonly untilMs: number } & (
  | { readonly kind: 'dead'; readonly server: number }
  | { readonly kind: 'brown-out'; readonly server: number; readonly share: number }
  /** Everything fails for this replica, and nobody else. */
  | { readonly kind: 'poisoned'; readonly replica: number }
  | { readonly kind: 'partitioned'; readonly replica: number }
  /** Killed, and another one takes its place at the end. */
  | { readonly kind: 'crashed'; readonly replica: number }
  | { readonly kind: 'store down' }
  /** The store forgets everything at the start of it. */
  | { readonly kind: 'store flushed' }
)

/** An operator's word, said at some replica. */
export interface Word {
  readonly atMs: number
  readonly replica: number
  readonly server: number
  readonly mode: 'up' | 'drain' | undefined
}

export interface Scenario {
  readonly seed: number
  readonly replicas: number
  readonly servers: number
  readonly maxFails: number
  readonly failTimeoutS: number
  /** Requests a second that each replica gets. */
  readonly rate: number
  /** How long a message takes at the most, and the share of messages that is lost. */
  readonly delayMs: number
  readonly loss: number
  readonly faults: readonly Fault[]
  readonly words: readonly Word[]
}

/** From here on nothing is wrong any more but what is still being cleared up. */
export const HEALED_MS = 16_000
/** Two resync intervals. */
export const CONVERGED_MS = HEALED_MS + 4_000
/** Requests pause around then, so that nothing changes while it is looked at. */
export const PAUSE_MS = 1_000
/** By then every ejection has run out and every server has been probed. */
export const END_MS = HEALED_MS + 16_000

/** Whether the store answers every replica, and soon. */
export function isStoreSound({ faults, delayMs, loss }: Scenario): boolean {
  const unsound = ['partitioned', 'store down', 'store flushed', 'crashed']
  return loss === 0 && delayMs <= 15 && !faults.some(({ kind }) => unsound.includes(kind))
}

/** The fleet, the weather and the accidents that a seed stands for. */
export function scenarioOf(seed: number): Scenario {
  const random = createSeededRandom(seed)
  const between = (low: number, high: number) => low + random.below(high - low + 1)
  const chance = (share: number) => random.below(1_000) < share * 1_000
  const replicas = between(1, 5)
  const servers = between(2, 5)
  const isRough = chance(0.3)
  const span = (longestMs: number, latestMs = HEALED_MS) => {
    const fromMs = between(500, latestMs - 2_000)
    return { fromMs, untilMs: Math.min(latestMs, fromMs + between(300, longestMs)) }
  }
  const faults: Fault[] = []
  for (let i = between(0, 3); i > 0; i -= 1) {
    const { fromMs, untilMs } = span(9_000)
    // Some are still dead when all else is well again: everybody must know of them then.
    const revivedMs = chance(0.3) ? CONVERGED_MS + PAUSE_MS : untilMs
    faults.push({ kind: 'dead', server: random.below(servers), fromMs, untilMs: revivedMs })
  }
  if (chance(0.3)) {
    const server = random.below(servers)
    faults.push({ kind: 'brown-out', server, share: between(1, 9) / 10, ...span(9_000) })
  }
  if (chance(0.25)) {
    faults.push({ kind: 'poisoned', replica: random.below(replicas), ...span(8_000) })
    // The word of the sick is worst beside a few real fails.
    const server = random.below(servers)
    faults.push({ kind: 'brown-out', server, share: between(1, 3) / 10, ...span(9_000) })
  }
  if (chance(0.25)) {
    faults.push({ kind: 'partitioned', replica: random.below(replicas), ...span(10_000) })
  }
  if (chance(0.2)) {
    // Its name takes six seconds to be forgotten, which is no part of converging.
    faults.push({ kind: 'crashed', replica: random.below(replicas), ...span(4_000, 8_000) })
  }
  if (chance(0.15)) faults.push({ kind: 'store down', ...span(8_000) })
  if (chance(0.05)) faults.push({ kind: 'store down', fromMs: 0, untilMs: between(3_000, 15_000) })
  if (chance(0.15)) faults.push({ kind: 'store flushed', ...span(1_000) })
  const words = Array.from(
    { length: chance(0.4) ? between(1, 6) : 0 },
    (): Word => ({
      atMs: between(500, HEALED_MS),
      replica: random.below(replicas),
      server: random.below(servers),
      mode: (['up', 'drain', undefined] as const)[random.below(3)],
    }),
  )
  return {
    seed,
    replicas,
    servers,
    maxFails: between(1, 3),
    failTimeoutS: between(2, 5),
    rate: between(4, 12),
    delayMs: isRough ? between(20, 250) : between(1, 15),
    loss: isRough ? between(0, 20) / 100 : 0,
    faults,
    words,
  }
}
