import type { Selection } from '../servers/selection.js'
import type { Server } from '../servers/server.js'

/**
 * One pass of nginx's smooth weighted round robin (nginx/semantics 3.1) over the servers that may
 * take the request: every one earns its effective weight, the richest is chosen and pays for all.
 * @param bound the server that pays instead of the chosen one (2.3).
 */
export function smoothPass(
  servers: readonly Server[],
  selection: Selection,
  nowS: number,
  bound?: Server,
): Server | undefined {
  let total = 0
  let best: Server | undefined
  for (const server of servers) {
    if (!selection.admits(server, nowS)) continue
    total += earn(server, nowS)
    if (best === undefined || server.currentWeight > best.currentWeight) best = server
  }
  const payer = bound ?? best
  if (payer !== undefined) payer.currentWeight -= total
  return best
}

/** Gives a server what it earns in one pass, and returns how much that was. */
export function earn(server: Server, nowS: number): number {
  const left = server.effectiveWeight
  const earned = nowS < server.slowUntil ? left * server.warmth(nowS) : left
  server.currentWeight += earned
  // What failures took comes back one a pass, and counts from the next one on.
  if (left < server.weight) server.effectiveWeight = left + 1
  return earned
}
