import { crc32 } from '../kernel/crc32.js'
import type { Pool } from '../servers/pool.js'
import type { Selection } from '../servers/selection.js'
import type { Picker } from './picker.js'
import { Rehashing } from './rehashing.js'

/**
 * nginx's `hash` without `consistent`, as Cache::Memcached spreads its keys (nginx/semantics 3.2).
 * The request must have a key.
 */
export function createHash(pool: Pool): Picker {
  return new Rehashing(pool, hashKey)
}

function hashKey(selection: Selection): void {
  const salt = selection.rehash === 0 ? 0 : crc32(String(selection.rehash))
  const crc = crc32(selection.key, salt)
  selection.hash = (selection.hash + ((crc >>> 16) & 0x7fff)) >>> 0
  selection.rehash += 1
}
