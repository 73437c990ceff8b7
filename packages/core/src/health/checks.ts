import type { Timers } from '../kernel/clock.js'
import type { Random } from '../kernel/random.js'
import type { Server } from '../servers/server.js'
import {
  type CheckResult,
  type CheckState,
  judge,
  resultOf,
  type StatusRange,
  unchecked,
} from './active.js'

/** An upstream's option `checks`, parsed. */
export interface ChecksConfig {
  readonly path: string
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly rise: number
  readonly fall: number
  readonly expect: readonly StatusRange[]
}

/** The port through which checks leave the core; the transport implements it. */
export interface Prober {
  /**
   * Sends the server a `GET path` on a connection of its own, and resolves to the status of the
   * answer; rejects when there is none. Once `signal` is aborted nobody waits for it any more.
   */
  probe(server: Server, path: string, signal: AbortSignal): Promise<number>
}

/** What active checks take from outside. */
export interface CheckPorts {
  readonly timers: Timers
  readonly prober: Prober
}

/** Told when checks have found a server to be in another condition than before. */
export type OnCondition = (server: Server) => void

/** Asks every server of an upstream now and then how it is. */
export class ActiveChecks {
  readonly #start: (server: Server) => Watch
  readonly #watches = new Map<Server, Watch>()

  constructor(config: ChecksConfig, ports: CheckPorts, random: Random, onCondition: OnCondition) {
    this.#start = (server) => new Watch(server, config, ports, random, onCondition)
  }

  /** Takes a new membership: those that stay go on, whoever is new has its first check soon. */
  follow(servers: readonly Server[]): void {
    for (const [server, watch] of this.#watches) {
      if (servers.includes(server)) continue
      watch.stop()
      this.#watches.delete(server)
    }
    for (const server of servers) {
      if (!this.#watches.has(server)) this.#watches.set(server, this.#start(server))
    }
  }

  /** Ends all checks, those under way too. */
  close(): void {
    for (const watch of this.#watches.values()) watch.stop()
    this.#watches.clear()
  }
}

/** The checks of one server: a pause, a check, a pause. */
class Watch {
  readonly #server: Server
  readonly #config: ChecksConfig
  readonly #ports: CheckPorts
  readonly #random: Random
  readonly #onCondition: OnCondition
  #state: CheckState = unchecked
  /** Ends what is going on now. */
  #halt: () => void

  constructor(
    server: Server,
    config: ChecksConfig,
    ports: CheckPorts,
    random: Random,
    onCondition: OnCondition,
  ) {
    this.#server = server
    this.#config = config
    this.#ports = ports
    this.#random = random
    this.#onCondition = onCondition
    // Anywhere in the first interval, so that a server is not asked by all replicas at once.
    this.#halt = this.#checkIn(random.below(config.intervalMs))
  }

  stop(): void {
    this.#halt()
  }

  #checkIn(ms: number): () => void {
    return this.#ports.timers.after(ms, () => this.#check())
  }

  /** Up to a fifth early, so that replicas in step fall out of it. */
  #pause(): void {
    const { intervalMs } = this.#config
    this.#halt = this.#checkIn(intervalMs - this.#random.below(Math.ceil(intervalMs / 5)))
  }

  #check(): void {
    const { timers, prober } = this.#ports
    const { path, timeoutMs, expect } = this.#config
    // Somebody may be working on it.
    if (this.#server.intent === 'down') {
      this.#pause()
      return
    }
    const controller = new AbortController()
    let over = false
    const end = (): void => {
      over = true
      cancelTimeout()
    }
    const conclude = (result: CheckResult): void => {
      if (over) return
      end()
      this.#pause()
      this.#conclude(result)
    }
    const cancelTimeout = timers.after(timeoutMs, () => {
      conclude('fail')
      controller.abort()
    })
    this.#halt = () => {
      end()
      controller.abort()
    }
    prober.probe(this.#server, path, controller.signal).then(
      (status) => conclude(resultOf(status, expect)),
      () => conclude('fail'),
    )
  }

  #conclude(result: CheckResult): void {
    const was = this.#state.condition
    this.#state = judge(this.#state, result, this.#config)
    if (this.#state.condition === was) return
    this.#server.judge(this.#state.condition)
    this.#onCondition(this.#server)
  }
}
