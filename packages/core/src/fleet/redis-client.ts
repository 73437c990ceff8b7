import { OptionError } from '../kernel/errors.js'

/** As much of an ioredis client as the fleet uses; of version 5 or 6, a Cluster or not. */
export interface RedisClient {
  evalsha(sha: string, keys: number, ...args: string[]): Promise<unknown>
  eval(script: string, keys: number, ...args: string[]): Promise<unknown>
  subscribe(...channels: string[]): Promise<unknown>
  ping(): Promise<unknown>
  connect(): Promise<void>
  disconnect(): void
  on(event: string, listener: (...args: never[]) => void): unknown
}

/** Where Redis is: a URL, ioredis options, `{ cluster: nodes, ...options }`, or a client. */
export type RedisTarget = string | Readonly<Record<string, unknown>> | RedisInstance

/** A user's own ioredis client. It is only duplicated: its connection stays the user's. */
export interface RedisInstance {
  duplicate(...args: never[]): unknown
}

/** Two connections, as a subscriber can do nothing else. */
export interface RedisClients {
  readonly commands: RedisClient
  readonly subscriber: RedisClient
}

const TIMEOUT_MS = 1_000
/** A connection that says nothing for so long while asked is dead, whatever TCP thinks. */
const SILENCE_MS = 3_000
const LONGEST_RETRY_MS = 1_000

/**
 * What ioredis is never asked to do otherwise: to wait for a server that is gone, or to repeat
 * commands whose answer was lost, which would count fails twice.
 */
const connection = Object.freeze({
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  commandTimeout: TIMEOUT_MS,
  connectTimeout: TIMEOUT_MS,
  disconnectTimeout: TIMEOUT_MS,
  socketTimeout: SILENCE_MS,
  lazyConnect: true,
  protocol: 2,
  retryStrategy: (times: number): number => Math.min(times * 100, LONGEST_RETRY_MS),
  // What was the primary is a replica now: the name leads elsewhere.
  reconnectOnError: (error: Error): boolean => error.message.startsWith('READONLY'),
})

const cluster = Object.freeze({
  enableOfflineQueue: false,
  lazyConnect: true,
  slotsRefreshTimeout: TIMEOUT_MS,
  clusterRetryStrategy: (times: number): number => Math.min(times * 100, LONGEST_RETRY_MS),
})

/**
 * Makes the clients; they connect when they are told to.
 * @throws OptionError where ioredis is missing, or the user's client has a keyPrefix.
 */
export async function createRedisClients(target: RedisTarget): Promise<RedisClients> {
  refuseKeyPrefix(target)
  const create = isInstance(target) ? duplicates(target) : await constructors(target)
  return { commands: create(), subscriber: create() }
}

function refuseKeyPrefix(target: RedisTarget): void {
  if (typeof target === 'string') return
  const options = isInstance(target) ? Reflect.get(target, 'options') : target
  for (const one of [options, read(options, 'redisOptions')]) {
    const prefix = read(one, 'keyPrefix')
    if (prefix === undefined || prefix === '') continue
    throw new OptionError(
      'fleet.redis.keyPrefix',
      'is refused: scripts and channels would not follow it; `namespace` keeps fleets apart',
      prefix,
    )
  }
}

function duplicates(instance: RedisInstance): () => RedisClient {
  const duplicate = instance.duplicate.bind(instance) as (...args: unknown[]) => RedisClient
  if (read(instance, 'isCluster') !== true) return () => duplicate({ ...connection })
  const redisOptions = read(read(instance, 'options'), 'redisOptions')
  return () =>
    duplicate([], { ...cluster, redisOptions: { ...asObject(redisOptions), ...connection } })
}

async function constructors(
  target: string | Readonly<Record<string, unknown>>,
): Promise<() => RedisClient> {
  const { Redis, Cluster } = await importRedis()
  if (typeof target === 'string') return () => made(new Redis(target, { ...connection }))
  const { cluster: nodes, redisOptions, ...options } = target
  if (nodes === undefined) return () => made(new Redis({ ...options, ...connection }))
  return () =>
    made(
      new Cluster(nodes as [], {
        ...options,
        ...cluster,
        redisOptions: { ...asObject(redisOptions), ...connection },
      }),
    )
}

async function importRedis(): Promise<Pick<typeof import('ioredis'), 'Redis' | 'Cluster'>> {
  try {
    return await import('ioredis')
  } catch (cause) {
    throw new OptionError(
      'fleet.redis',
      `needs the package ioredis, version 5.8 or later: npm install ioredis (${String(cause)})`,
    )
  }
}

// The overloads of ioredis' commands are more than a structural type can follow.
function made(client: object): RedisClient {
  return client as RedisClient
}

export function isInstance(target: unknown): target is RedisInstance {
  return typeof read(target, 'duplicate') === 'function'
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {}
}

function read(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
