import type { Server } from '../servers/server.js'

/** Negative when `a` carries fewer connections for its weight than `b`, 0 when as many. */
export function compareLoad(a: Server, b: Server, nowS: number): number {
  return a.active * b.weightNow(nowS) - b.active * a.weightNow(nowS)
}
