import type { FailKind } from '../kernel/outcome.js'
import type { Server } from '../servers/server.js'
import { LatencyHistogram } from './histogram.js'
import { SessionWindow } from './session-window.js'

export type StatusClass = '1xx' | '2xx' | '3xx' | '4xx' | '5xx'

/** What happened on one server. Plain numbers that their owner adds to on the request's path. */
export class ServerCounters {
  /** Requests whose last attempt was made here, so that servers add up to the upstream. */
  requests = 0
  /** Dispatches to this server. */
  attempts = 0
  /** Those of `attempts` that followed one on another server. */
  retries = 0
  /** Accepted answers by the class of their status; one that was retried instead is a fail. */
  readonly responses: Record<StatusClass, number> = {
    '1xx': 0,
    '2xx': 0,
    '3xx': 0,
    '4xx': 0,
    '5xx': 0,
  }
  readonly fails: Record<FailKind, number> = {
    connect: 0,
    timeout: 0,
    reset: 0,
    invalid: 0,
    status: 0,
  }
  /** Times that its fails earned an ejection, and those that `ejection.maxShare` let happen. */
  ejectionsDetected = 0
  ejections = 0
  /** Upgraded connections that are open now. */
  tunnels = 0
  /** Body bytes from clients to the server. */
  bytesIn = 0
  /** Body bytes from the server to clients. */
  bytesOut = 0
  /** From dispatch to the complete head of the answer. */
  readonly latency: LatencyHistogram = new LatencyHistogram()
  /** The sessions that it has; undefined where they have no names. */
  readonly sessions: SessionWindow | undefined

  /** @param sessionWindowS for how many seconds a session that does not come again is had. */
  constructor(sessionWindowS?: number) {
    this.sessions = sessionWindowS === undefined ? undefined : new SessionWindow(sessionWindowS)
  }

  /** Books an accepted answer and how long its head took. */
  answered(status: number, ms: number): void {
    this.responses[statusClass(status)] += 1
    this.latency.record(ms)
  }
}

/** How stickiness fared in one upstream, counted once a request. */
export class AffinityCounters {
  /** Bound requests that went where they belong. */
  kept = 0
  /** Requests without a binding, where affinity makes one. */
  new = 0
  /** Requests that affinity has no part in. */
  none = 0
  /** Bound requests that had to go elsewhere, by the reason. */
  readonly moved: Map<string, number> = new Map()

  countMoved(reason: string): void {
    this.moved.set(reason, (this.moved.get(reason) ?? 0) + 1)
  }
}

/** A session, and what is known of its being counted. */
export interface CountedSession {
  readonly id: string
  countedBy?: Server | undefined
  countedUntilS?: number
}

/** All counters of one upstream. Those of a server that has left the pool go with it. */
export class UpstreamCounters {
  readonly affinity: AffinityCounters = new AffinityCounters()
  readonly #servers = new WeakMap<Server, ServerCounters>()
  readonly #sessionWindowS: number | undefined

  /** @param sessionWindowS see ServerCounters; undefined where sessions have no names. */
  constructor(sessionWindowS?: number) {
    this.#sessionWindowS = sessionWindowS
  }

  /** Books that `server` has the session; nowS in seconds of the monotonic clock. */
  see(session: CountedSession, server: Server, nowS: number): void {
    // A sketch lies all over the memory, and nearly every request is one more of its session.
    if (session.countedBy === server && nowS < (session.countedUntilS ?? 0)) return
    const { sessions } = this.of(server)
    if (sessions === undefined) return
    session.countedBy = server
    session.countedUntilS = sessions.see(session.id, nowS)
  }

  of(server: Server): ServerCounters {
    let counters = this.#servers.get(server)
    if (counters === undefined) {
      counters = new ServerCounters(this.#sessionWindowS)
      this.#servers.set(server, counters)
    }
    return counters
  }
}

// HTTP calls a status beyond 599 invalid and has it treated as a 5xx (RFC 9110, 15).
function statusClass(status: number): StatusClass {
  if (status < 200) return '1xx'
  if (status < 300) return '2xx'
  if (status < 400) return '3xx'
  return status < 500 ? '4xx' : '5xx'
}
