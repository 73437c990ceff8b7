import type { Timers } from '../kernel/clock.js'
import { Emitter } from '../kernel/event.js'
import { type Command, loadCommand } from './commands.js'
import { decodeNews, decodeRecord, encodeRecord, type FleetNews } from './record.js'
import {
  createRedisClients,
  type RedisClient,
  type RedisClients,
  type RedisTarget,
} from './redis-client.js'
import { isReplicaName } from './replica-name.js'
import {
  ALIVE_MS,
  type Answer,
  type Board,
  ENDED_MS,
  EXPIRY_MS,
  type FleetState,
  LEASE_MS,
  type Message,
  MOST_VERSION,
  MOST_VOTERS,
  type Store,
  UNLISTED_MS,
} from './store.js'

export interface RedisStoreOptions {
  readonly redis: RedisTarget
  /** Fleets with different namespaces do not see each other. */
  readonly namespace: string
}

/** More than this of anything is not a fleet's state. */
const MOST_ITEMS = 10_000
const PING_MS = 2_000

/**
 * A store in Redis 6.2 or newer, Valkey, behind Sentinel or in a Cluster. It connects in the
 * background, for as long as it takes.
 * @throws OptionError where ioredis is missing, or a client of the user's has a keyPrefix.
 */
export async function createRedisStore(
  { redis, namespace }: RedisStoreOptions,
  timers: Timers,
): Promise<Store & Board> {
  return new RedisStore(await createRedisClients(redis), namespace, timers)
}

class RedisStore implements Store, Board {
  readonly #commands: RedisClient
  readonly #subscriber: RedisClient
  readonly #prefix: string
  readonly #timers: Timers
  readonly #channels = new Map<string, Emitter<FleetNews>>()
  readonly #exchange: Command = loadCommand('exchange')
  readonly #lease: Command = loadCommand('lease')
  readonly #post: Command = loadCommand('post')
  readonly #read: Command = loadCommand('read')
  /** Settled once the first attempt to connect has ended, well or not. */
  readonly #connected: Promise<void>
  #stopPinging: () => void = () => {}
  #closed = false

  constructor({ commands, subscriber }: RedisClients, namespace: string, timers: Timers) {
    this.#commands = commands
    this.#subscriber = subscriber
    this.#prefix = `holdfast:1:${namespace}`
    this.#timers = timers
    // Without a listener an error would end the process; exchanges tell what is wrong.
    for (const client of [commands, subscriber]) client.on('error', () => {})
    subscriber.on('ready', () => this.#listen([...this.#channels.keys()]))
    subscriber.on('message', (channel: string, text: string) => this.#hear(channel, text))
    this.#connected = commands.connect().catch(() => {})
    subscriber.connect().catch(() => {})
    this.#ping()
  }

  async exchange(upstream: string, message: Message): Promise<Answer> {
    const key = this.#keysOf(upstream)
    const keys = [
      ...['replicas', 'sick', 'records', 'listed', 'stamp'].map(key),
      ...[...message.fails.map(({ server }) => server), ...message.returned].flatMap((server) => [
        key(`fails:${server}`),
        key(`probe:${server}`),
      ]),
    ]
    const [records, sessions] = [message.records, message.sessions ?? []].map(asPairs)
    const args = [JSON.stringify({ ...message, records, sessions }), key('news'), limits]
    await this.#connected
    return readAnswer(await this.#exchange.run(this.#commands, keys, args))
  }

  async lease(upstream: string, server: string, replica: string): Promise<number> {
    const key = this.#keysOf(upstream)
    const keys = ['records', `probe:${server}`].map(key)
    const waitMs = await this.#lease.run(this.#commands, keys, [server, replica, `${LEASE_MS}`])
    return typeof waitMs === 'number' && waitMs >= 0 ? waitMs : LEASE_MS
  }

  subscribe(upstream: string, listener: (news: FleetNews) => void): () => void {
    const channel = this.#keysOf(upstream)('news')
    let emitter = this.#channels.get(channel)
    if (emitter === undefined) {
      emitter = new Emitter()
      this.#channels.set(channel, emitter)
      this.#listen([channel])
    }
    return emitter.on(listener)
  }

  async post(replica: string, text: string, ttlMs: number): Promise<void> {
    await this.#post.run(this.#commands, this.#boardKeys(), [replica, text, `${ttlMs}`])
  }

  async read(): Promise<ReadonlyMap<string, string>> {
    return readPairs(await this.#read.run(this.#commands, this.#boardKeys(), []), isReplicaName)
  }

  close(): void {
    this.#closed = true
    this.#stopPinging()
    this.#channels.clear()
    this.#commands.disconnect()
    this.#subscriber.disconnect()
  }

  /** One slot of a Cluster an upstream, so that one script may touch all of its keys. */
  #keysOf(upstream: string): (name: string) => string {
    return (name) => `${this.#prefix}:{${upstream}}:${name}`
  }

  #boardKeys(): string[] {
    return ['posted', 'snapshots'].map(this.#keysOf('@fleet'))
  }

  /** While there is no connection this fails, and is done when there is one. */
  #listen(channels: readonly string[]): void {
    if (channels.length > 0) this.#subscriber.subscribe(...channels).catch(() => {})
  }

  #hear(channel: string, text: string): void {
    const emitter = this.#channels.get(channel)
    const end = text.indexOf('\n')
    if (emitter === undefined || end < 0) return
    const news = decodeNews(text.slice(0, end), text.slice(end + 1))
    if (news !== undefined) emitter.emit(news)
  }

  /** A subscriber only listens: without this it would never notice that its connection is dead. */
  #ping(): void {
    this.#stopPinging = this.#timers.after(PING_MS, () => {
      if (this.#closed) return
      this.#subscriber.ping().catch(() => {})
      this.#ping()
    })
  }
}

const limits = JSON.stringify({
  alive: ALIVE_MS,
  unlisted: UNLISTED_MS,
  ended: ENDED_MS,
  expiry: EXPIRY_MS,
  version: MOST_VERSION,
  voters: MOST_VOTERS,
})

function asPairs(news: readonly FleetNews[]): readonly string[] {
  return news.map(encodeRecord).flatMap(({ field, value }) => [field, value])
}

function readAnswer(reply: unknown): Answer {
  if (!Array.isArray(reply)) throw new TypeError('the reply of Redis is no list')
  const [now, stamp, replicas, sick, records] = reply as unknown[]
  const nowMs = Number(now)
  if (!Number.isSafeInteger(nowMs) || typeof stamp !== 'string') {
    throw new TypeError('the reply of Redis has no time')
  }
  return { nowMs, stamp, state: reply.length < 5 ? undefined : readState(replicas, sick, records) }
}

function readState(replicas: unknown, sick: unknown, records: unknown): FleetState {
  return {
    replicas: readList(replicas).filter(isReplicaName),
    sick: readList(sick).filter(isReplicaName),
    records: [...readPairs(records, () => true)]
      .map(([field, value]) => decodeRecord(field, value))
      .filter((record) => record !== undefined),
  }
}

function readPairs(list: unknown, isName: (name: string) => boolean): Map<string, string> {
  const texts = readList(list)
  const pairs = new Map<string, string>()
  for (let i = 0; i + 1 < texts.length; i += 2) {
    const [name, value] = [texts[i], texts[i + 1]]
    if (name !== undefined && value !== undefined && isName(name)) pairs.set(name, value)
  }
  return pairs
}

function readList(list: unknown): string[] {
  if (!Array.isArray(list)) return []
  return list
    .slice(0, 2 * MOST_ITEMS)
    .map((item: unknown) => (typeof item === 'string' ? item : ''))
}
