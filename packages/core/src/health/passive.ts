import type { Server } from '../servers/server.js'
import { type EjectionRules, nginxEjection } from './ejection.js'

/** A request was sent to the server, an attempt on it ended in a fail, or in anything else. */
export type HealthEvent = 'pick' | 'fail' | 'ok'

/**
 * What an operator would want to hear of: the server was taken out (again), or had earned it but
 * too many others are out, a live request was let through to see whether it is back, or it is back.
 */
export type HealthChange = 'ejected' | 'spared' | 'probing' | 'returned'

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
 * @param rules how long ejections last and how many there may be; nginx's when absent.
 */
export function transition(
  server: Server,
  event: HealthEvent,
  nowS: number,
  single: boolean,
  rules: EjectionRules = nginxEjection,
): HealthChange | undefined {
  if (single) return forgive(server, nowS)
  switch (event) {
    case 'pick':
      return pick(server, nowS)
    case 'fail':
      return fail(server, nowS, rules)
    case 'ok':
      // Only a pick that came after the gate had opened moved `checked` past the last fail.
      return server.accessed < server.checked ? forgive(server, nowS) : undefined
  }
}

export function healthOf(server: Server): Health {
  const { fails, checked } = server
  if (!spent(server)) return { kind: 'up', fails }
  if (probing(server)) return { kind: 'probing', fails, sinceS: checked }
  // The gate is shut up to and with its last second.
  return { kind: 'ejected', fails, untilS: checked + server.ejectionS + 1 }
}

/**
 * Takes a server out on the word of other replicas, from now up to and with second `untilS`; one
 * that is out by its own fails comes back no sooner for that.
 */
export function eject(
  server: Server,
  untilS: number,
  inARow: number,
  nowS: number,
): HealthChange | undefined {
  const ownS = spent(server) && !probing(server) ? server.checked + server.ejectionS : -Infinity
  server.fails = Math.max(server.fails, server.config.maxFails)
  server.ejectionsInARow = inARow
  server.ejectionS = Math.max(untilS, ownS, nowS) - nowS
  server.accessed = nowS
  server.checked = nowS
  return ownS >= nowS ? undefined : 'ejected'
}

/** Takes a server back on the word of other replicas. */
export function restore(server: Server, nowS: number): HealthChange | undefined {
  return forgive(server, nowS)
}

function pick(server: Server, nowS: number): HealthChange | undefined {
  const out = spent(server)
  const lengthS = out ? server.ejectionS : server.config.failTimeoutS
  if (nowS - server.checked <= lengthS) return undefined
  // This shuts the gate behind a probe: others wait for its end, or for as long once more.
  server.checked = nowS
  return out ? 'probing' : undefined
}

function fail(server: Server, nowS: number, rules: EjectionRules): HealthChange | undefined {
  const { maxFails } = server.config
  const out = spent(server)
  // Requests still under way when the server was taken out fail as well: that is no news.
  const known = out && !probing(server)
  server.fails += 1
  server.accessed = nowS
  server.checked = nowS
  if (maxFails > 0) {
    const penalty = Math.floor(server.weight / maxFails)
    server.effectiveWeight = Math.max(0, server.effectiveWeight - penalty)
  }
  if (known || !spent(server)) return undefined
  // One whose probe failed keeps its place among those that are out.
  if (!out && !rules.hasRoom(server, nowS)) {
    server.fails = 0
    return 'spared'
  }
  const inARow = out || nowS - server.returned < server.ejectionS
  server.ejectionsInARow = inARow ? server.ejectionsInARow + 1 : 1
  server.ejectionS = rules.lengthS(server)
  return 'ejected'
}

function forgive(server: Server, nowS: number): HealthChange | undefined {
  // The common case, at every answer: nothing to forgive, and nothing more to read.
  if (server.fails === 0) return undefined
  const wasOut = spent(server)
  server.fails = 0
  if (!wasOut) return undefined
  server.returned = nowS
  server.startSlowly(nowS)
  return 'returned'
}

function spent(server: Server): boolean {
  const { maxFails } = server.config
  return maxFails > 0 && server.fails >= maxFails
}

/** Of a server whose fails are spent: a fail sets both times alike, only a probe parts them. */
function probing(server: Server): boolean {
  return server.accessed < server.checked
}
