import { type ServerState, sessionErrorShare } from '@holdfast/core'
import type { State } from '../feed.js'
import { findServer } from '../routes/find.js'
import type { ServerView } from '../view/types.js'
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
export function drainReport(state: State, target: Target): DrainReport {
  const view = findServer(state, target.upstream, target.server)
  const { sessions, active, tunnels } = view
  return {
    state: view.state,
    sessionsLeft: sessions,
    sessionsError: sessions === null ? null : Math.ceil(sessions * sessionErrorShare),
    activeRequests: active,
    tunnels,
    safeToStop:
      !state.fleet.stale &&
      state.fleet.replicas.every(({ presence }) => presence === 'live') &&
      isClosed(view) &&
      isDeserted(view) &&
      active === 0 &&
      tunnels === 0,
  }
}

/** Whether it takes no new sessions on any replica. */
export function isClosed({ states }: ServerView): boolean {
  return Object.keys(states).every((each) => each === 'drain' || each === 'down')
}

/** Whether nobody is expected to come back to it. */
function isDeserted({ states, sessions, recent, share }: ServerView): boolean {
  // Where it is down nobody gets there: its sessions move, whether it is stopped or not.
  if (Object.keys(states).every((each) => each === 'down')) return true
  // Where sessions have no names, a minute without a request must do.
  return sessions === null ? recent.requestsPerSecond === 0 && !share : sessions === 0
}
