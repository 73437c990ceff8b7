import type { Server } from '../servers/server.js'

interface Trouble {
  fails: number
  oks: number
  lastFailMs: number
}

/** The share of a server's attempts that must fail here for the server to count as failing. */
const FAILING_SHARE = 0.25

/** How a replica's own servers fare, so that it can tell when it is the replica that is sick. */
export class Troubles {
  readonly #troubles = new Map<Server, Trouble>()

  fail(server: Server, nowMs: number): void {
    const trouble = this.#troubles.get(server)
    if (trouble === undefined) {
      this.#troubles.set(server, { fails: 1, oks: 0, lastFailMs: nowMs })
    } else {
      trouble.fails += 1
      trouble.lastFailMs = nowMs
    }
  }

  /** Costs one look while nothing has failed of late. */
  ok(server: Server): void {
    if (this.#troubles.size === 0) return
    const trouble = this.#troubles.get(server)
    if (trouble !== undefined) trouble.oks += 1
  }

  /** Fails here since it was last well, if that was not long ago. */
  failsOf(server: Server): number {
    return this.#troubles.get(server)?.fails ?? 0
  }

  /** Whether more than half of `servers` fail. */
  outweigh(servers: readonly Server[], nowMs: number): boolean {
    for (const [server, { lastFailMs }] of this.#troubles) {
      const { maxFails, failTimeoutS } = server.config
      // One that is out gets no requests that could fail: that is no sign of being well.
      const isOut = maxFails > 0 && server.fails >= maxFails
      const isOver = nowMs - lastFailMs > failTimeoutS * 1000 && !isOut
      if (isOver || !servers.includes(server)) this.#troubles.delete(server)
    }
    let failing = 0
    for (const { fails, oks } of this.#troubles.values()) {
      if (fails >= FAILING_SHARE * (fails + oks)) failing += 1
    }
    return failing * 2 > servers.length
  }
}
