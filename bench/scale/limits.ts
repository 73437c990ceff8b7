import { readFileSync } from 'node:fs'

// For what a process of Node and a handful of connections to servers take.
const RESERVE = 300

/** How many connections one process may have on this machine. */
export function connectionsAProcess(): number {
  const [, limit = ''] =
    /^Max open files +\S+ +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit) - RESERVE
}
