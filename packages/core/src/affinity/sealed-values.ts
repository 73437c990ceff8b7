import { createHash } from 'node:crypto'
import type { Clock } from '../kernel/clock.js'
import type { Random } from '../kernel/random.js'
import type { Pool } from '../servers/pool.js'
import type { Server } from '../servers/server.js'
import type { Binding, MoveReason, Session } from './binding.js'
import { boundBinding, type CookieValues, lostBinding } from './cookie-values.js'
import { Recent } from './recent.js'
import { type Opened, SealedCodec } from './sealed-codec.js'

// 12 MB at most, and enough that a busy replica opens few cookies twice.
const REMEMBERED = 16_384

// How far replicas' wall clocks may disagree before a time counts as made up.
const SKEW_S = 60

const FOREVER = Number.POSITIVE_INFINITY

/** An opened cookie with all that can be said of it before the time is known. */
interface Known {
  readonly opened: Opened
  readonly fromS: number
  readonly untilS: number
  readonly dueS: number
  /** The membership that `binding` is true of. */
  members: ReadonlyMap<string, Server>
  /** Shared by all requests with this cookie; not marked as due. */
  binding: Binding
}

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

export interface SealedPorts {
  readonly clock: Clock
  readonly random: Random
  /** Told of every session that a cookie is sealed for, and of its server. */
  readonly onSession?: ((server: Server, id: string) => void) | undefined
}

/** The values of the sealed cookie: encrypted, authenticated, and with times that are enforced. */
export class SealedValues implements CookieValues {
  readonly #config: SealedValuesConfig
  readonly #clock: Clock
  readonly #random: Random
  readonly #onSession: SealedPorts['onSession']
  readonly #recent: Recent<Known> = new Recent(REMEMBERED)
  readonly #expired: Binding = lostBinding('expired')
  #keys: readonly string[]
  #codec: SealedCodec
  #servers: ReadonlyMap<string, Server> = new Map()
  #places: ReadonlyMap<Server, string> = new Map()
  #seals = 0

  constructor(config: SealedValuesConfig, { clock, random, onSession }: SealedPorts) {
    this.#config = config
    this.#clock = clock
    this.#random = random
    this.#onSession = onSession
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
    // Nine random bytes of the nonce: V8 looks up a short text in half the time of the whole.
    const nonce = value.slice(3, 15)
    let known = this.#recent.get(nonce)
    if (known?.opened.text !== value) {
      const opened = this.#codec.open(value)
      if (typeof opened === 'string') return opened
      known = this.#know(opened)
      // Only what opened is remembered, so that forged values cannot push it out.
      this.#recent.set(nonce, known)
    }
    const nowS = this.#nowS()
    if (nowS < known.fromS) return 'bad-cookie'
    if (nowS > known.untilS) return this.#expired
    if (known.members !== this.#servers) {
      known.members = this.#servers
      known.binding = this.#bind(known.opened)
    }
    const { binding } = known
    return nowS < known.dueS || binding.server === undefined ? binding : { ...binding, due: true }
  }

  write(server: Server, session: Session | undefined): string | undefined {
    const seenS = this.#nowS()
    const id = session?.id ?? this.#newId()
    this.#seals += 1
    this.#onSession?.(server, id)
    return this.#codec.seal({
      place: this.#places.get(server) ?? placeOf(server),
      incarnation: server.config.incarnation,
      session: { id, issuedS: session?.issuedS ?? seenS, seenS },
    })
  }

  #know(opened: Opened): Known {
    const { idleMs = FOREVER, maxLifeMs = FOREVER, renewMs = FOREVER, older } = this.#config
    const { issuedS, seenS } = opened.session
    return {
      opened,
      fromS: Math.max(issuedS, seenS) - SKEW_S,
      untilS: Math.min(seenS + idleMs / 1000, issuedS + maxLifeMs / 1000),
      dueS: older || opened.older ? 0 : seenS + renewMs / 1000,
      members: this.#servers,
      binding: this.#bind(opened),
    }
  }

  #bind({ place, incarnation, session }: Opened): Binding {
    const server = this.#servers.get(place)
    if (server === undefined) return lostBinding('removed', session)
    if (server.config.incarnation !== incarnation) return lostBinding('replaced', session)
    return boundBinding(server, session)
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

function placeOf({ address }: Server): string {
  return createHash('sha256').update(address).digest().toString('latin1', 0, 8)
}
