import { type ServerState, sessionErrorShare } from '@holdfast/core'
import type { State } from '../feed.js'
import { findServer } from '../routes/find.js'
import type { Target } from './control.js'

/** How far a server is from being stopped without loss. */
export interface DrainReport {
  readonly state: ServerState
  /** About how many sessions it has; null where they have no names. */
  readonly sessionsLeft: number | null
  /** How far `sessionsLeft` may be off, with 95 % certainty. */
  readonly sessionsError: number | null
  readonly activeRequests: number
  readonly tunnels: number
  /** It takes no new sessions, and nothing is left on it. */
  readonly safeToStop: boolean
}

/** @throws NotFoundError */
export function drainReport(state: State, { upstream, server }: Target): DrainReport {
  const view = findServer(state, upstream, server)
  const { sessions, active, tunnels, states, recent } = view
  const closed = Object.keys(states).every((each) => each === 'drain' || each === 'down')
  // Where sessions have no names, a minute without a request must do.
  const deserted =
    sessions === null ? recent.requestsPerSecond === 0 && !view.share : sessions === 0
  return {
    state: view.state,
    sessionsLeft: sessions,
    sessionsError: sessions === null ? null : Math.ceil(sessions * sessionErrorShare),
    activeRequests: active,
    tunnels,
    safeToStop:
      !state.fleet.stale &&
      state.fleet.replicas.every(({ presence }) => presence === 'live') &&
      closed &&
      deserted &&
      active === 0 &&
      tunnels === 0,
  }
}
