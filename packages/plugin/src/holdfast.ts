import type { Server } from 'node:net'
import {
  type Mode,
  OptionError,
  parseDuration,
  type ReplicaSnapshot,
  type ServerOptions,
  type Upstream,
  type UpstreamEvent,
  type UpstreamSnapshot,
  type UpstreamUpdate,
} from '@holdfast/core'
import { drain } from './drain.js'
import { UnknownUpstreamError } from './errors.js'
import type { Gateway } from './gateway.js'

/** What happens to servers: the names that `on` takes. */
export type UpstreamEventName = UpstreamEvent['type']

/** What a listener for `Name` is told. */
export type UpstreamEventOf<Name extends UpstreamEventName> = UpstreamEvent & {
  readonly type: Name
}

/** What an operator says of a server; what is absent stays as configured. */
export interface OperatorWord {
  /** `drain`: bound sessions stay, new ones go elsewhere. */
  readonly state?: Mode | undefined
  /** 1 to 65535. */
  readonly weight?: number | undefined
  /** A duration; after it all is as configured. Without it the word lasts until it is taken back. */
  readonly ttl?: string | undefined
  /** Also where no server would be left that takes requests. */
  readonly force?: boolean | undefined
}

/** One upstream in the hands of the gateway's own code. */
export interface UpstreamHandle {
  readonly name: string
  snapshot(): UpstreamSnapshot
  /**
   * Changes the server list, or `{ servers?, keys? }`, while requests are served. Servers that
   * stay keep their health, their connections and their counters.
   * @throws OptionError for a list that registration would refuse; nothing has changed then.
   */
  update(change: ReadonlyArray<ServerOptions | string> | UpstreamUpdate): void
  /** Bound sessions stay with the server, new ones go elsewhere. `by` is for the log. */
  drain(id: string, by?: string): void
  /** Takes `drain` back: the server is what its configuration says. */
  undrain(id: string, by?: string): void
  /**
   * Says what becomes of a server, over its configuration, on every replica of the fleet. An empty
   * `word` takes that back. `by` is for the log.
   * @throws OptionError for an unknown server, and where it is the last one that takes requests
   *   and would be down, unless `force` is set.
   */
  override(id: string, word: OperatorWord, by?: string): void
  /**
   * Calls `listener` whenever `event` happens to a server; the result stops that. What it throws
   * is logged.
   */
  on<Name extends UpstreamEventName>(
    event: Name,
    listener: (event: UpstreamEventOf<Name>) => void,
  ): () => void
}

/** `app.holdfast`. */
export interface Holdfast {
  /** @throws HOLDFAST_UNKNOWN_UPSTREAM */
  get(name: string): UpstreamHandle
  /** Everything this replica counts: see the snapshot's type. */
  snapshot(): ReplicaSnapshot
  /**
   * To be called before `app.close()`: answers ask for their connections to be closed, requests
   * in flight and new ones are served, tunnels are told 1001. Ends when nothing has come for a
   * second, and takes no more connections then.
   * @param options.deadline the most that it may take, a duration; default `'30s'`.
   * @returns whether every request had ended.
   */
  drain(options?: { readonly deadline?: string | undefined }): Promise<boolean>
}

const DRAIN_DEADLINE = '30s'

/** @param server the listening server; asked for late, since listening comes last. */
export function createHoldfast(gateway: Gateway, server: () => Server): Holdfast {
  return Object.freeze({
    get(name: string): UpstreamHandle {
      const upstream = gateway.find(name)
      if (upstream === undefined) throw new UnknownUpstreamError(name)
      return createHandle(gateway, upstream)
    },
    snapshot: () => gateway.snapshot(),
    async drain({ deadline = DRAIN_DEADLINE }: { readonly deadline?: string | undefined } = {}) {
      const deadlineMs = parseDuration(deadline)
      if (deadlineMs === undefined) {
        throw new OptionError('deadline', "must be a duration such as '30s'", deadline)
      }
      return await drain(gateway, server(), deadlineMs)
    },
  })
}

function createHandle(gateway: Gateway, upstream: Upstream): UpstreamHandle {
  return Object.freeze({
    name: upstream.name,
    snapshot: () => upstream.snapshot(),
    update(change: ReadonlyArray<ServerOptions | string> | UpstreamUpdate) {
      upstream.update(isList(change) ? { servers: change } : change)
      gateway.follow(upstream)
    },
    drain: (id: string, by?: string) => upstream.override(id, { mode: 'drain' }, by),
    undrain: (id: string, by?: string) => upstream.override(id, {}, by),
    override: (id: string, word: OperatorWord, by?: string) =>
      overrideServer(upstream, id, word, by),
    on<Name extends UpstreamEventName>(
      name: Name,
      listener: (event: UpstreamEventOf<Name>) => void,
    ) {
      return upstream.events.on((event) => {
        if (!isNamed(event, name)) return
        try {
          listener(event)
        } catch (error) {
          gateway.complain(error)
        }
      })
    },
  })
}

/** @throws OptionError as UpstreamHandle's `override` */
export function overrideServer(
  upstream: Upstream,
  id: string,
  { state, weight, ttl, force }: OperatorWord,
  by: string | undefined,
): void {
  const ttlMs = ttl === undefined ? 0 : parseDuration(ttl)
  if (ttlMs === undefined) throw new OptionError('ttl', "must be a duration such as '30m'", ttl)
  if (state !== undefined && !['up', 'drain', 'down'].includes(state)) {
    throw new OptionError('state', "must be 'up', 'drain' or 'down'", state)
  }
  if (weight !== undefined && !(Number.isInteger(weight) && weight >= 1 && weight <= MOST_WEIGHT)) {
    throw new OptionError('weight', `must be a whole number, 1 to ${MOST_WEIGHT}`, weight)
  }
  upstream.override(id, { mode: state, weight }, by, { ttlMs, force })
}

const MOST_WEIGHT = 65_535

function isList(
  change: ReadonlyArray<ServerOptions | string> | UpstreamUpdate,
): change is ReadonlyArray<ServerOptions | string> {
  return Array.isArray(change)
}

function isNamed<Name extends UpstreamEventName>(
  event: UpstreamEvent,
  name: Name,
): event is UpstreamEventOf<Name> {
  return event.type === name
}
