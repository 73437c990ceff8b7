import { createHash } from 'node:crypto'
import type { Clock } from '../kernel/clock.js'
import type { Random } from '../kernel/random.js'
import type { Pool } from '../servers/pool.js'
import type { Server } from '../servers/server.js'
import type { Binding, MoveReason, Session } from './binding.js'
import { type CookieValues, lostBinding } from './cookie-values.js'
import { Recent } from './recent.js'
import { type Opened, SealedCodec } from './sealed-codec.js'

// About 5 MB a cookie at most, and enough that a busy replica opens few cookies twice.
const REMEMBERED = 16_384

// How far replicas' wall clocks may disagree before a time counts as made up.
const SKEW_S = 60

export interface SealedValuesConfig {
  readonly upstream: string
  /** The cookie's name, as configured. */
  readonly cookie: string
  /** The newest first. */
  readonly keys: readonly string[]
  readonly idleMs: number | undefined
  readonly maxLifeMs: number | undefined
  /** How long after `seen` a cookie is due to be issued again; undefined is never. */
  readonly renewMs: number | undefined
  /** Whether every value is an older one that is to be re-issued. */
  readonly older: boolean
}

/** The values of the sealed cookie: encrypted, authenticated, and with times that are enforced. */
export class SealedValues implements CookieValues {
  readonly #config: SealedValuesConfig
  readonly #clock: Clock
  readonly #random: Random
  readonly #recent: Recent<Opened> = new Recent(REMEMBERED)
  readonly #expired: Binding = Object.freeze(lostBinding('expired'))
  #keys: readonly string[]
  #codec: SealedCodec
  #servers: ReadonlyMap<string, Server> = new Map()
  #places: ReadonlyMap<Server, string> = new Map()
  #seals = 0

  constructor(config: SealedValuesConfig, clock: Clock, random: Random) {
    this.#config = config
    this.#clock = clock
    this.#random = random
    this.#keys = config.keys
    this.#codec = this.#createCodec()
  }

  /** Cookies sealed with the newest key: with random nonces it must retire before 2^32. */
  get seals(): number {
    return this.#seals
  }

  get keyIds(): readonly number[] {
    return this.#codec.keyIds
  }

  follow(pool: Pool): void {
    const places = new Map<Server, string>()
    const servers = new Map<string, Server>()
    for (const server of pool.servers) {
      const place = this.#places.get(server) ?? placeOf(server)
      places.set(server, place)
      if (!servers.has(place)) servers.set(place, server)
    }
    this.#places = places
    this.#servers = servers
  }

  rekey(keys: readonly string[]): void {
    if (keys[0] !== this.#keys[0]) this.#seals = 0
    this.#keys = keys
    this.#codec = this.#createCodec()
    this.#recent.clear()
  }

  read(value: string): Binding | MoveReason {
    const remembered = this.#recent.get(value)
    if (remembered !== undefined) return this.#judge(remembered)
    const opened = this.#codec.open(value)
    if (typeof opened === 'string') return opened
    // Only what opened is remembered, or forgers would push out what their betters hold.
    this.#recent.set(opened.text, opened)
    return this.#judge(opened)
  }

  write(server: Server, session: Session | undefined): string | undefined {
    const seenS = this.#nowS()
    this.#seals += 1
    return this.#codec.seal({
      place: this.#places.get(server) ?? placeOf(server),
      incarnation: server.config.incarnation,
      session: { id: session?.id ?? this.#newId(), issuedS: session?.issuedS ?? seenS, seenS },
    })
  }

  #judge({ place, incarnation, session, older }: Opened): Binding | MoveReason {
    const { idleMs, maxLifeMs, renewMs } = this.#config
    const nowS = this.#nowS()
    const unseenS = nowS - session.seenS
    const ageS = nowS - session.issuedS
    if (unseenS < -SKEW_S || ageS < -SKEW_S) return 'bad-cookie'
    if (exceeds(unseenS, idleMs) || exceeds(ageS, maxLifeMs)) return this.#expired
    const server = this.#servers.get(place)
    if (server === undefined) return lostBinding('removed', session)
    if (server.config.incarnation !== incarnation) return lostBinding('replaced', session)
    return {
      source: 'cookie',
      server,
      lost: undefined,
      session,
      due: older || this.#config.older || (renewMs !== undefined && unseenS * 1000 >= renewMs),
      serverPart: undefined,
    }
  }

  #createCodec(): SealedCodec {
    const { upstream, cookie } = this.#config
    return new SealedCodec(upstream, cookie, this.#keys, this.#random)
  }

  #newId(): string {
    const bytes = Buffer.alloc(8)
    this.#random.fill(bytes)
    return bytes.toString('hex')
  }

  #nowS(): number {
    return Math.floor(this.#clock.wall() / 1000)
  }
}

function exceeds(seconds: number, limitMs: number | undefined): boolean {
  return limitMs !== undefined && seconds * 1000 > limitMs
}

function placeOf({ address }: Server): string {
  return createHash('sha256').update(address).digest().toString('latin1', 0, 8)
}
