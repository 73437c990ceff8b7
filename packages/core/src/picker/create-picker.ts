import type { Random } from '../kernel/random.js'
import type { Pool } from '../servers/pool.js'
import { BoundedLoad } from './bounded-load.js'
import { ConsistentHash } from './consistent-hash.js'
import { Draw } from './draw.js'
import { createHash } from './hash.js'
import { createIpHash } from './ip-hash.js'
import { Keyed } from './keyed.js'
import { LeastConn } from './least-conn.js'
import type { BalanceConfig, Picker } from './picker.js'
import { RandomOne } from './random.js'
import { RandomTwo } from './random-two.js'
import type { Rings } from './ring.js'
import { RoundRobin } from './round-robin.js'
import { Single } from './single.js'

/**
 * The picker for one version of a pool; a change of membership or weight wants another.
 * @param rings those of the versions before, where there are any.
 */
export function createPicker(
  balance: BalanceConfig,
  pool: Pool,
  random: Random,
  rings?: Rings,
): Picker {
  const [first] = pool.primaries
  if (pool.single && first !== undefined) return new Single(first)
  if (balance.kind === 'least-conn') return new LeastConn(pool)
  const roundRobin = new RoundRobin(pool)
  // With one primary, or none, there is nothing to hash or to draw.
  if (pool.primaries.length < 2) return roundRobin
  switch (balance.kind) {
    case 'round-robin':
      return roundRobin
    case 'random':
      return new RandomOne(new Draw(pool.primaries, random), roundRobin)
    case 'random-two':
      return new RandomTwo(new Draw(pool.primaries, random), roundRobin)
    case 'ip-hash':
      return createIpHash(pool)
    case 'hash': {
      const hashing = balance.consistent ? new ConsistentHash(pool, rings) : createHash(pool)
      const picker = new Keyed(hashing, roundRobin)
      const { loadFactor } = balance
      return loadFactor === undefined ? picker : new BoundedLoad(picker, pool, loadFactor)
    }
  }
}
