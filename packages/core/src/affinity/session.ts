import { createHash } from 'node:crypto'

/** A session's name as logs show it: it tells sessions apart, and nobody can make a cookie of it. */
export function sessionLabel(id: string): string {
  return createHash('sha256').update(id, 'hex').digest('hex').slice(0, 8)
}
