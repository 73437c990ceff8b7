import type { Gate, Selection } from '../servers/selection.js'
import type { Server } from '../servers/server.js'

// Enough that a key decides among servers that joined together, so that replicas agree.
const TOLERANCE = 1.2
const FEW = 4

/**
 * The servers for a session that lost its own in a rollout: those that joined in it, since any
 * other may be the next to go and would move the session once more; and of them those that have
 * adopted fewest, or the first to join would get what belongs to all.
 */
export function adoptersAmong(
  servers: readonly Server[],
  selection: Selection,
  nowS: number,
): Gate | undefined {
  let least = Number.POSITIVE_INFINITY
  for (const server of servers) {
    if (server.config.stage !== 'fresh' || !selection.admits(server, nowS)) continue
    least = Math.min(least, server.adopted / server.weight)
  }
  if (least === Number.POSITIVE_INFINITY) return undefined
  return {
    passes: ({ config, adopted, weight }) =>
      config.stage === 'fresh' && adopted <= weight * least * TOLERANCE + FEW,
  }
}
