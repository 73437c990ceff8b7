import type { OverrideSnapshot } from '@holdfast/core'
import type { FastifyBaseLogger } from 'fastify'
import type { Feed } from '../feed.js'
import type { HappeningType } from '../registry/timeline.js'
import { findServer, findUpstream } from '../routes/find.js'
import type { ServerView } from '../view/types.js'
import {
  type Change,
  type Control,
  ControlError,
  type KnownTarget,
  type Target,
} from './control.js'

/** Carries out what operators ask for: it says what it does, and undoes it when its time is up. */
export class Operator {
  readonly #feed: Feed
  readonly #control: Control
  readonly #log: FastifyBaseLogger
  readonly #expiries = new Map<string, NodeJS.Timeout>()

  constructor(feed: Feed, control: Control, log: FastifyBaseLogger) {
    this.#feed = feed
    this.#control = control
    this.#log = log
  }

  /**
   * @param force takes the last server of an upstream, too.
   * @throws NotFoundError, ControlError
   */
  async change(target: Target, change: Change, by: string, force: boolean): Promise<void> {
    const server = await this.#find(target)
    const { state, weight, ttlMs } = change
    if (state !== undefined && state !== 'up' && !force) await this.#refuseLast(target, state)
    const override = { ...server.override, ...(state && { mode: state }) }
    const all = weight === undefined ? override : { ...override, weight }
    await this.#apply(known(target, server), all, by, ttlMs)
    if (state !== undefined) this.#tell(target, state, by)
    if (weight !== undefined) this.#tell(target, 'weight', by, `${server.weight} → ${weight}`)
  }

  /** Back to what the configuration says. @throws NotFoundError, ControlError */
  async reset(target: Target, by: string): Promise<void> {
    await this.#apply(known(target, await this.#find(target)), {}, by, undefined)
    this.#tell(target, 'up', by, 'back to its configuration')
  }

  close(): void {
    for (const timer of this.#expiries.values()) clearTimeout(timer)
  }

  async #find({ upstream, server }: Target): Promise<ServerView> {
    return findServer(await this.#feed.read(), upstream, server)
  }

  async #refuseLast({ upstream, server }: Target, state: 'drain' | 'down'): Promise<void> {
    const { servers } = findUpstream(await this.#feed.read(), upstream)
    const others = servers.filter((each) => each.id !== server && each.state === 'up')
    if (others.length > 0) return
    throw new ControlError(
      409,
      'HOLDFAST_LAST_SERVER',
      `No other server of ${upstream} is up; ${state} it with "force": true`,
    )
  }

  async #apply(
    target: KnownTarget,
    override: OverrideSnapshot,
    by: string,
    ttlMs: number | undefined,
  ): Promise<void> {
    const { upstream, server } = target
    this.#log.info({ upstream, server, override, by, ttlMs }, 'operator overrides a server')
    await this.#control.override(target, override, by, ttlMs)
    const key = `${upstream} ${server}`
    clearTimeout(this.#expiries.get(key))
    this.#expiries.delete(key)
    if (ttlMs === undefined || this.#control.expires) return
    const timer = setTimeout(() => {
      this.reset(target, 'its time limit').catch((error: unknown) =>
        this.#log.error({ upstream, server, err: error }, 'an override could not be taken back'),
      )
    }, ttlMs)
    timer.unref()
    this.#expiries.set(key, timer)
  }

  #tell({ upstream, server }: Target, type: HappeningType, by: string, detail?: string): void {
    this.#feed.tell({ type, upstream, server, by, detail })
  }
}

function known(
  { upstream, server }: Target,
  { address, incarnation = 0 }: ServerView,
): KnownTarget {
  return { upstream, server, address, incarnation }
}
