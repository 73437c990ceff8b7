import type { Clock, Timers } from '../kernel/clock.js'
import type { ProbeGate, Server } from '../servers/server.js'
import { LEASE_MS } from './store.js'

/** What probes need of their fleet. */
export interface ProbePorts {
  readonly clock: Clock
  readonly timers: Timers
  /** Whether the store answers; with it gone every replica probes by its own rules. */
  readonly isShared: () => boolean
  /** 0 when the fleet grants the probe, else in how many milliseconds to ask again. */
  readonly ask: (server: Server) => Promise<number>
}

/** An ejection that has run out here, and where the question stands who may probe. */
interface Probe {
  readonly firstMs: number
  state: 'asking' | 'granted' | 'denied' | 'flying'
  /** Until when a grant lasts, or a denial is not to be questioned. */
  untilMs: number
  stopRenewing: () => void
}

const RENEW_MS = LEASE_MS / 2
/** A grant that no request has used for so long is left to others. */
const UNUSED_MS = 4_000
/** Who was put off for so long goes by the local rule: no store may keep a server out for good. */
const PATIENCE_MS = 60_000
const SHORTEST_WAIT_MS = 50

/**
 * Keeps a server out when its ejection has run out, until the fleet has granted this replica the
 * probe. Asked by picking; the store is asked in the background.
 */
export class Probes implements ProbeGate {
  readonly #ports: ProbePorts
  readonly #probes = new Map<Server, Probe>()

  constructor(ports: ProbePorts) {
    this.#ports = ports
  }

  shuts(server: Server): boolean {
    if (!this.#ports.isShared()) return false
    const nowMs = this.#ports.clock.now()
    const probe = this.#probes.get(server) ?? this.#begin(server, nowMs)
    if (nowMs - probe.firstMs > PATIENCE_MS) return false
    switch (probe.state) {
      case 'asking':
        return true
      case 'granted':
        if (nowMs < probe.untilMs) return false
        break
      case 'denied':
        if (nowMs < probe.untilMs) return true
        break
      case 'flying':
        // The local rule has opened the gate once more: the last probe never came to an end.
        break
    }
    this.#ask(server, probe)
    return true
  }

  /** Whether its ejection has run out here and nobody has told yet how it is. */
  isOpen(server: Server): boolean {
    return this.#probes.has(server)
  }

  /** A request was sent as the probe. */
  began(server: Server): void {
    const probe = this.#probes.get(server) ?? this.#begin(server, this.#ports.clock.now())
    probe.state = 'flying'
  }

  /**
   * The question is settled: the probe told something, or the fleet did.
   * @returns whether this replica's own probe was under way.
   */
  settle(server: Server): boolean {
    const probe = this.#probes.get(server)
    probe?.stopRenewing()
    this.#probes.delete(server)
    return probe?.state === 'flying'
  }

  /** Forgets those that are not among `servers`. */
  keepOnly(servers: readonly Server[]): void {
    for (const server of this.#probes.keys()) {
      if (!servers.includes(server)) this.settle(server)
    }
  }

  #begin(server: Server, firstMs: number): Probe {
    const probe: Probe = { firstMs, state: 'denied', untilMs: 0, stopRenewing: () => {} }
    this.#probes.set(server, probe)
    return probe
  }

  #ask(server: Server, probe: Probe): void {
    probe.stopRenewing()
    probe.state = 'asking'
    void this.#request(server, probe, this.#ports.clock.now())
  }

  async #request(server: Server, probe: Probe, grantedMs: number): Promise<void> {
    const { clock, timers, ask } = this.#ports
    // A lease counts from before it was asked for, as nobody knows when it was granted.
    const askedMs = clock.now()
    const waitMs = await ask(server)
    if (this.#probes.get(server) !== probe) return
    if (waitMs > 0) {
      if (probe.state === 'flying') return
      probe.state = 'denied'
      probe.untilMs = clock.now() + Math.min(Math.max(waitMs, SHORTEST_WAIT_MS), LEASE_MS)
      return
    }
    if (probe.state === 'asking') probe.state = 'granted'
    probe.untilMs = askedMs + LEASE_MS
    probe.stopRenewing = timers.after(RENEW_MS, () => {
      const isNeeded =
        probe.state === 'flying' ? server.active > 0 : clock.now() - grantedMs < UNUSED_MS
      if (isNeeded) void this.#request(server, probe, grantedMs)
    })
  }
}
