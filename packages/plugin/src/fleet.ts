import { isDeepStrictEqual } from 'node:util'
import {
  type Clock,
  OptionError,
  type StoreState,
  type Timers,
  type Upstream,
} from '@holdfast/core'
import type { Board, Fleet, Store } from '@holdfast/core/fleet'
import type { FastifyBaseLogger } from 'fastify'
import type { FleetConfig } from './parse-options.js'

export interface SharingPorts {
  readonly clock: Clock
  readonly timers: Timers
  readonly log: FastifyBaseLogger
}

/** What a gateway shares with the other replicas: nothing, until it is told where they meet. */
export class Sharing {
  readonly #ports: SharingPorts
  #config: FleetConfig | undefined
  #fleet: Fleet | undefined

  constructor(ports: SharingPorts) {
    this.#ports = ports
  }

  get replica(): string | undefined {
    return this.#fleet?.replica
  }

  get store(): StoreState {
    if (this.#fleet === undefined) return 'none'
    return this.#fleet.health === 'up' ? 'up' : 'down'
  }

  /** Wall time as the fleet has it. */
  wall(): number {
    return this.#fleet?.wall() ?? this.#ports.clock.wall()
  }

  /**
   * Makes this process a replica of a fleet. It connects in the background.
   * @returns whether there is a fleet now that was not there before.
   * @throws OptionError where ioredis is missing, or there is another fleet already.
   */
  async start(config: FleetConfig): Promise<boolean> {
    const { namespace, replica, quorum } = config
    const { clock, timers, log } = this.#ports
    const openStore = storeOf(config, timers)
    if (openStore === undefined) {
      log.warn('fleet.redis is undefined: health is not shared with other replicas')
      return false
    }
    if (this.#config !== undefined) {
      if (isDeepStrictEqual(this.#config, config)) return false
      throw new OptionError('fleet', 'is not what an earlier registration said: a process has one')
    }
    this.#config = config
    const store = await openStore()
    // Loaded here and in storeOf only: most gateways are alone, and start sooner without it.
    const { Fleet } = await import('@holdfast/core/fleet')
    const onChange = (health: 'up' | 'down', cause: unknown): void => {
      if (health === 'up') log.info({ replica, namespace }, 'the store of the fleet answers')
      else log.warn({ err: cause }, 'the store of the fleet is down: health is not shared')
    }
    this.#fleet = new Fleet({ replica, quorum }, { store, clock, timers, onChange })
    return true
  }

  join(upstream: Upstream): void {
    if (this.#fleet !== undefined) upstream.join(this.#fleet)
  }

  /** Shows `take`'s snapshot to the fleet's observers. */
  post(take: () => unknown): void {
    this.#fleet?.post(take)
  }

  /** Waits until the store has told what it knows; for a second at most. */
  async ready(): Promise<void> {
    await this.#fleet?.ready()
  }

  async close(): Promise<void> {
    await this.#fleet?.close()
  }
}

/** How the store is come by; undefined where none is named. */
function storeOf(
  { redis, store, namespace }: FleetConfig,
  timers: Timers,
): (() => Promise<Store & Board>) | undefined {
  if (store !== undefined) return async () => store
  if (redis === undefined) return undefined
  return async () => {
    const { createRedisStore } = await import('@holdfast/core/fleet')
    return await createRedisStore({ redis, namespace }, timers)
  }
}
