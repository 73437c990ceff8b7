import type { Server } from '../servers/server.js'

/** A request was sent to the server, an attempt on it ended in a fail, or in anything else. */
export type HealthEvent = 'pick' | 'fail' | 'ok'

/**
 * What an operator would want to hear of: the server was taken out (again), a live request was
 * let through to see whether it is back, or it is back.
 */
export type HealthChange = 'ejected' | 'probing' | 'returned'

/**
 * A server's health as its counters tell it; seconds of the monotonic clock.
 *
 * It changes kind only in {@link transition}. So a server whose ejection has run out stays
 * `ejected`, with an `untilS` in the past, until a request comes to probe it.
 */
export type Health =
  | { readonly kind: 'up'; readonly fails: number }
  /** `untilS` is the first second in which a request may go there again. */
  | { readonly kind: 'ejected'; readonly fails: number; readonly untilS: number }
  /** `sinceS` is when the latest probe was picked. */
  | { readonly kind: 'probing'; readonly fails: number; readonly sinceS: number }

/**
 * nginx's failure state machine for one server (nginx/semantics 4.2 and the penalty of 3.1).
 * @param nowS whole seconds of the monotonic clock.
 * @param single the pool has one primary and no backup: there is no other server to go to, so
 *   this one keeps no fails and is never ejected.
 */
export function transition(
  server: Server,
  event: HealthEvent,
  nowS: number,
  single: boolean,
): HealthChange | undefined {
  if (single) return forgive(server)
  switch (event) {
    case 'pick':
      return pick(server, nowS)
    case 'fail':
      return fail(server, nowS)
    case 'ok':
      // Only a pick later than the last fail by more than failTimeout moved `checked` past it.
      return server.accessed < server.checked ? forgive(server) : undefined
  }
}

export function healthOf(server: Server): Health {
  const { fails, checked } = server
  if (!spent(server)) return { kind: 'up', fails }
  if (probing(server)) return { kind: 'probing', fails, sinceS: checked }
  // The gate is shut up to and with second checked + failTimeout.
  return { kind: 'ejected', fails, untilS: checked + server.config.failTimeoutS + 1 }
}

function pick(server: Server, nowS: number): HealthChange | undefined {
  if (nowS - server.checked <= server.config.failTimeoutS) return undefined
  // This shuts the gate behind a probe: others wait for its end, or for another failTimeout.
  server.checked = nowS
  return spent(server) ? 'probing' : undefined
}

function fail(server: Server, nowS: number): HealthChange | undefined {
  const { maxFails } = server.config
  // Requests still under way when the server was taken out fail as well: that is no news.
  const known = spent(server) && !probing(server)
  server.fails += 1
  server.accessed = nowS
  server.checked = nowS
  if (maxFails > 0) {
    const penalty = Math.floor(server.weight / maxFails)
    server.effectiveWeight = Math.max(0, server.effectiveWeight - penalty)
  }
  return spent(server) && !known ? 'ejected' : undefined
}

function forgive(server: Server): HealthChange | undefined {
  const wasOut = spent(server)
  server.fails = 0
  return wasOut ? 'returned' : undefined
}

function spent(server: Server): boolean {
  const { maxFails } = server.config
  return maxFails > 0 && server.fails >= maxFails
}

/** Of a server whose fails are spent: a fail sets both times alike, only a probe parts them. */
function probing(server: Server): boolean {
  return server.accessed < server.checked
}
