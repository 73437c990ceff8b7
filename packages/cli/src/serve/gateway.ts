import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { ReplicaSnapshot } from '@holdfast/core'
import type { Board, Store } from '@holdfast/core/fleet'
import type { Holdfast } from '@holdfast/plugin'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { GatewayConfig, UpstreamEntry } from '../config/types.js'
import { createGatewayApp, type FleetOptions } from './app.js'
import { Listeners } from './listeners.js'

export interface GatewayPorts {
  readonly log: FastifyBaseLogger
  /** Where this process shares health where the file names no Redis. */
  readonly store: Store & Board
  /** How it calls itself in that store. */
  readonly replica: string
}

/** How often an app that was replaced is looked at, and for how long its tunnels may last. */
const LOOK_MS = 1_000

/** A gateway file in operation: it can be exchanged for another one without losing a request. */
export class RunningGateway {
  readonly #ports: GatewayPorts
  readonly #listeners = new Listeners()
  readonly #retired = new Set<FastifyInstance>()
  #config: GatewayConfig | undefined
  #app: FastifyInstance | undefined
  #generation = 0
  #draining = false

  constructor(ports: GatewayPorts) {
    this.#ports = ports
  }

  get draining(): boolean {
    return this.#draining
  }

  /** The upstreams as the plugin has them now. */
  get holdfast(): Holdfast {
    if (this.#app === undefined) throw new Error('the gateway has not been started')
    return this.#app.holdfast
  }

  snapshot(): ReplicaSnapshot {
    return this.holdfast.snapshot()
  }

  /**
   * Takes a configuration over, the first or a later one.
   * @returns the addresses on which it has begun to listen.
   * @throws what is wrong with it; the one before stays in force.
   */
  async follow(config: GatewayConfig): Promise<readonly string[]> {
    const { log } = this.#ports
    if (
      this.#app !== undefined &&
      this.#config !== undefined &&
      sameButServers(this.#config, config)
    ) {
      // First all that can be refused, then what cannot.
      const opened = await this.#listeners.follow(config.listen)
      this.#update(this.#app.holdfast, config)
      this.#config = config
      log.info('servers and keys updated')
      return opened
    }
    const app = await createGatewayApp(config, log, this.#fleet(config))
    const before = this.#app
    let opened: readonly string[]
    try {
      if (before === undefined) this.#listeners.use(app)
      opened = await this.#listeners.follow(config.listen)
    } catch (error) {
      await app.close()
      throw error
    }
    this.#listeners.use(app)
    this.#app = app
    this.#config = config
    if (before !== undefined) void this.#retire(before)
    return opened
  }

  /**
   * Serves on until nothing comes any more, then stops listening, and answers what is left.
   * @returns whether every request had ended by the deadline.
   */
  async drain(deadline: string): Promise<boolean> {
    this.#draining = true
    const drains = [this.#app, ...this.#retired].map((app) => app?.holdfast.drain({ deadline }))
    await Promise.all(drains)
    this.#listeners.stop()
    // Connections that were accepted last may still bring a request.
    const ended = await Promise.all(
      [this.#app, ...this.#retired].map((app) => app?.holdfast.drain({ deadline: LAST_CALL })),
    )
    return ended.every((one) => one !== false)
  }

  async close(): Promise<void> {
    this.#listeners.close()
    await Promise.all([this.#app, ...this.#retired].map((app) => app?.close()))
  }

  #update(holdfast: Holdfast, { upstreams }: GatewayConfig): void {
    for (const [name, { options, config }] of upstreams) {
      const keys = config.sticky?.kind === 'cookie' ? config.sticky.keys : []
      holdfast.get(name).update({ servers: options.servers, ...(keys.length > 0 ? { keys } : {}) })
    }
  }

  #fleet({ fleet }: GatewayConfig): FleetOptions {
    this.#generation += 1
    const { store, replica } = this.#ports
    // The generation before leaves under its own name, and must not take this one with it.
    const name = this.#generation === 1 ? replica : `${replica}-${this.#generation}`
    if (fleet === undefined) return { store: lent(store), replica: name, quorum: 1 }
    const prefix = fleet.replica === undefined ? '' : `${fleet.replica}-`
    return { ...fleet, replica: `${prefix}${name}` }
  }

  /** An app that was replaced goes when its last request and its last tunnel have ended. */
  async #retire(app: FastifyInstance): Promise<void> {
    this.#retired.add(app)
    while (isBusy(app.holdfast.snapshot()) && !this.#draining) {
      await delay(LOOK_MS, undefined, { ref: false })
    }
    if (this.#draining) return
    this.#retired.delete(app)
    await app.close()
  }
}

const LAST_CALL = '2s'

/** A store that outlives those who use it: each generation of the gateway would close it. */
function lent(store: Store & Board): Store & Board {
  return {
    exchange: (upstream, message) => store.exchange(upstream, message),
    lease: (upstream, server, replica) => store.lease(upstream, server, replica),
    subscribe: (upstream, listener) => store.subscribe(upstream, listener),
    post: (replica, text, ttlMs) => store.post(replica, text, ttlMs),
    read: () => store.read(),
    close() {},
  }
}

function isBusy({ upstreams }: ReplicaSnapshot): boolean {
  return upstreams.some(({ servers }) =>
    servers.some(({ active, tunnels }) => active > 0 || tunnels > 0),
  )
}

/** Whether two files differ in nothing that a running gateway could not take over. */
function sameButServers(one: GatewayConfig, other: GatewayConfig): boolean {
  return isDeepStrictEqual(fixed(one), fixed(other))
}

function fixed({ listen: _, admin: __, stats: ___, upstreams, ...rest }: GatewayConfig): object {
  return { ...rest, upstreams: [...upstreams].map(([name, entry]) => [name, fixedOptions(entry)]) }
}

function fixedOptions({ options, config }: UpstreamEntry): object {
  const { servers: _, sticky, ...rest } = options
  if (config.sticky?.kind !== 'cookie' || config.sticky.keys.length === 0)
    return { ...rest, sticky }
  return { ...rest, sticky: { ...sticky, keys: undefined } }
}
