import type { Selection } from '../servers/selection.js'
import type { Server } from '../servers/server.js'

/**
 * One pass of nginx's smooth weighted round robin (nginx/semantics 3.1) over the servers that may
 * take the request: every one earns its effective weight, the richest is chosen and pays for all.
 */
export function smoothPass(
  servers: readonly Server[],
  selection: Selection,
  nowS: number,
): Server | undefined {
  const [lone] = servers
  if (servers.length === 1 && lone !== undefined) return passOfOne(lone, selection, nowS)
  let total = 0
  let best: Server | undefined
  for (const server of servers) {
    if (!selection.admits(server, nowS)) continue
    const income = earned(server, nowS)
    total += income
    server.currentWeight += income
    if (best === undefined || server.currentWeight > best.currentWeight) best = server
  }
  if (best !== undefined) best.currentWeight -= total
  return best
}

/** What one alone earns it pays. */
function passOfOne(server: Server, selection: Selection, nowS: number): Server | undefined {
  if (!selection.admits(server, nowS)) return undefined
  earned(server, nowS)
  return server
}

/** What a server earns in one pass. */
export function earned(server: Server, nowS: number): number {
  const left = server.effectiveWeight
  // What failures took comes back one a pass, and counts from the next one on.
  if (left < server.weight) server.effectiveWeight = left + 1
  return nowS < server.slowUntil ? left * server.warmth(nowS) : left
}
