import type { FleetHealth, Member } from './fleet/member.js'
import type { Ejection } from './health/ejection.js'
import { eject, type HealthChange, healthOf, restore, transition } from './health/passive.js'
import type { Clock } from './kernel/clock.js'
import type { Emitter } from './kernel/event.js'
import type { FailKind, Outcome } from './kernel/outcome.js'
import type { Pool } from './servers/pool.js'
import type { Override, Server } from './servers/server.js'
import type { UpstreamCounters } from './stats/counters.js'

/** Something that an operator wants to hear of. Times are wall milliseconds. */
export type UpstreamEvent = { readonly upstream: string; readonly server: string } & (
  | {
      readonly type: 'ejected'
      /** Fails by kind since the server was last well; `check` where active checks found it sick. */
      readonly fails: Readonly<Partial<Record<FailKind | 'check', number>>>
      /** Undefined where it stays out until checks pass. */
      readonly untilMs: number | undefined
      /** The replicas that saw it fail, where this one takes their word for it. */
      readonly voters?: readonly string[] | undefined
    }
  /** `draining` is what the server asked for, by answering a check with 404. */
  | { readonly type: 'probing' | 'returned' | 'draining' }
  | { readonly type: 'override'; readonly override: Override; readonly by: string | undefined }
)

/** What a keeper of health works with. */
export interface HealthPorts {
  readonly upstream: string
  readonly clock: Clock
  readonly counters: UpstreamCounters
  readonly ejection: Ejection
  readonly events: Emitter<UpstreamEvent>
}

/** Keeps the health of an upstream's servers: what requests, checks and the fleet say of it. */
export class HealthKeeper implements FleetHealth {
  /** Undefined where health is not shared. */
  member: Member | undefined
  readonly #ports: HealthPorts
  readonly #failsSinceWell = new Map<Server, Partial<Record<FailKind, number>>>()
  #single = false

  constructor(ports: HealthPorts) {
    this.#ports = ports
  }

  follow(pool: Pool): void {
    this.#single = pool.single
    this.#ports.ejection.follow(pool)
    for (const server of this.#failsSinceWell.keys()) {
      if (!pool.servers.includes(server)) this.#failsSinceWell.delete(server)
    }
  }

  /** A request was sent to the server, failed there, or was answered. */
  record(server: Server, event: 'pick' | 'fail' | 'ok', outcome: Outcome, nowMs: number): void {
    if (event === 'fail' && outcome.fail !== undefined) {
      const fails = this.#failsSinceWell.get(server) ?? {}
      fails[outcome.fail] = (fails[outcome.fail] ?? 0) + 1
      this.#failsSinceWell.set(server, fails)
    }
    const nowS = Math.floor(nowMs / 1000)
    const change = transition(server, event, nowS, this.#single, this.#ports.ejection)
    if (this.#failsSinceWell.size > 0 && server.fails === 0 && event !== 'pick') {
      this.#failsSinceWell.delete(server)
    }
    // Nothing is ever done about a lone server, here or elsewhere.
    if (!this.#single) this.member?.observe(server, event, change)
    if (change !== undefined) this.#tell(server, change)
  }

  /** Active checks have come to another conclusion about the server. */
  onCondition(server: Server, fall: number): void {
    const { counters, events, upstream } = this.#ports
    const place = { upstream, server: server.config.id }
    switch (server.condition) {
      case 'sick':
        counters.of(server).ejectionsDetected += 1
        counters.of(server).ejections += 1
        events.emit({ ...place, type: 'ejected', fails: { check: fall }, untilMs: undefined })
        break
      case 'drain':
        events.emit({ ...place, type: 'draining' })
        break
      case 'well':
        // Who asked to be drained has often been restarted since.
        server.startSlowly(this.#nowS())
        events.emit({ ...place, type: 'returned' })
        break
    }
  }

  ejectionMs(server: Server, inARow: number): number {
    const { ejection } = this.#ports
    return ejection.lengthS({ config: server.config, ejectionsInARow: inARow }) * 1000
  }

  eject(server: Server, forMs: number, inARow: number, voters: readonly string[]): boolean {
    const nowS = this.#nowS()
    if (this.#single) return false
    if (!server.ejected(nowS) && !this.#ports.ejection.hasRoom(server, nowS)) return false
    const untilS = Math.floor((this.#ports.clock.now() + forMs) / 1000)
    const change = eject(server, untilS, inARow, nowS)
    if (change !== undefined) this.#tell(server, change, voters)
    return true
  }

  restore(server: Server): void {
    const change = restore(server, this.#nowS())
    this.#failsSinceWell.delete(server)
    if (change !== undefined) this.#tell(server, change)
  }

  #tell(server: Server, change: HealthChange, voters?: readonly string[]): void {
    const { clock, counters, events, upstream } = this.#ports
    if (change === 'ejected' || change === 'spared') counters.of(server).ejectionsDetected += 1
    if (change === 'spared') return
    const place = { upstream, server: server.config.id }
    if (change !== 'ejected') {
      events.emit({ ...place, type: change })
      return
    }
    counters.of(server).ejections += 1
    const health = healthOf(server)
    const untilS = health.kind === 'ejected' ? health.untilS : this.#nowS()
    events.emit({
      ...place,
      type: change,
      fails: { ...this.#failsSinceWell.get(server) },
      untilMs: Math.round(untilS * 1000 + clock.wall() - clock.now()),
      ...(voters === undefined ? {} : { voters }),
    })
  }

  #nowS(): number {
    return Math.floor(this.#ports.clock.now() / 1000)
  }
}
