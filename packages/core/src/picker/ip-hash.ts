import type { Pool } from '../servers/pool.js'
import { addressBytes } from './address-bytes.js'
import type { Picker } from './picker.js'
import { Rehashing } from './rehashing.js'

const START = 89

/** nginx's `ip_hash`, by the client's network (nginx/semantics 3.4). */
export function createIpHash(pool: Pool): Picker {
  const bytes = new Uint8Array(16)
  return new Rehashing(pool, (selection) => {
    const count = networkBytes(selection.remoteAddress, bytes)
    let hash = selection.rehash === 0 ? START : selection.hash
    for (let i = 0; i < count; i += 1) hash = (hash * 113 + (bytes[i] as number)) % 6271
    selection.hash = hash
    selection.rehash += 1
  })
}

/** How many of `bytes` count: all of IPv6, the first three of IPv4, three zeros of anything else. */
function networkBytes(address: string, bytes: Uint8Array): number {
  const count = addressBytes(address, bytes)
  if (count === 16) return 16
  if (count === 0) bytes.fill(0, 0, 3)
  return 3
}
