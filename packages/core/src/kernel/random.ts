import { randomFillSync } from 'node:crypto'

/** Chance, as the core sees it, so that a seed can replay it. */
export interface Random {
  /** A whole number from 0 up to, not including, `limit` (1 to 2^32). */
  below(limit: number): number
  /** Fills `bytes` with unpredictable values: nonces and session ids come from here. */
  fill(bytes: Uint8Array): void
}

// One system call serves many cookies: nonces are 12 bytes, a call costs more than copying them.
const POOL_BYTES = 4096

/** Cryptographic bytes for secrets, and a fast generator for choices that need none. */
export function createSystemRandom(): Random {
  const pool = new Uint8Array(POOL_BYTES)
  let used = POOL_BYTES
  return {
    below: (limit) => Math.floor(Math.random() * limit),
    fill(bytes) {
      if (bytes.length > POOL_BYTES) {
        randomFillSync(bytes)
        return
      }
      if (used + bytes.length > POOL_BYTES) {
        randomFillSync(pool)
        used = 0
      }
      bytes.set(pool.subarray(used, used + bytes.length))
      pool.fill(0, used, used + bytes.length)
      used += bytes.length
    },
  }
}

/**
 * A reproducible source for tests and simulations (mulberry32); never for secrets.
 * @param seed any 32-bit number; equal seeds give equal sequences.
 */
export function createSeededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
  return {
    below: (limit) => Math.floor((next() / 0x1_0000_0000) * limit),
    fill(bytes) {
      for (let i = 0; i < bytes.length; i += 1) bytes[i] = next() & 0xff
    },
  }
}
