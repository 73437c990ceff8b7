import type { Clock } from '../kernel/clock.js'
import type { Pool } from '../servers/pool.js'
import type { Server } from '../servers/server.js'
import { lowerCase } from './ascii.js'
import {
  type Binding,
  type CookieAffinity,
  type MoveReason,
  unbound,
  type Verdict,
} from './binding.js'
import type { CookieConfig } from './config.js'
import { cookieEnd, nextCookie, setCookieValue, withoutCookies } from './cookie-header.js'
import { type CookiePorts, createSources, type Source } from './cookie-sources.js'
import { type CookieValues, lostBinding } from './cookie-values.js'
import type { RequestFacts } from './facts.js'
import { SealedValues } from './sealed-values.js'
import { createSetCookieWriter, type SetCookieWriter } from './set-cookie.js'

/** Cookie affinity, with what the snapshot tells of its keys. */
export interface StickyCookie extends CookieAffinity {
  /** Cookies sealed with the newest key, by this replica since it has that key. */
  readonly seals: number
  /** The ids of the sealed cookie's keys, newest first; empty for other formats. */
  readonly keyIds: readonly number[]
  /** Takes new keys, newest first: the first seals, all are accepted. */
  rotate(keys: readonly string[]): void
}

/** Binds sessions by a cookie of the gateway's own. */
export function createCookieAffinity(config: CookieConfig, ports: CookiePorts): StickyCookie {
  return new Cookie(config, ports)
}

// Opening a sealed cookie costs 8 µs, so a request may not ask for it often.
const SEALED_TRIES = 4

class Cookie implements StickyCookie {
  readonly #config: CookieConfig
  readonly #clock: Clock
  readonly #values: CookieValues
  /** Our own cookie first, then the older ones. */
  readonly #sources: readonly Source[]
  readonly #names: readonly string[]
  /** How many values of one name are looked at. */
  readonly #tries: number
  readonly #everyAnswer: boolean
  readonly #write: SetCookieWriter

  constructor(config: CookieConfig, ports: CookiePorts) {
    const { own, accepted } = createSources(config, ports)
    this.#config = config
    this.#clock = ports.clock
    this.#values = own.values
    this.#sources = [own, ...accepted]
    this.#names = [...new Set(this.#sources.map(({ name }) => name))]
    // nginx knows the first value only; a sealed cookie may stand beside older ones of its name.
    const sealed = this.#sources.some(({ values }) => values instanceof SealedValues)
    this.#tries = sealed ? SEALED_TRIES : 1
    this.#everyAnswer = config.style !== 'holdfast' || slidesByItself(config)
    this.#write = createSetCookieWriter(config)
  }

  get seals(): number {
    return this.#values instanceof SealedValues ? this.#values.seals : 0
  }

  get keyIds(): readonly number[] {
    return this.#values instanceof SealedValues ? this.#values.keyIds : []
  }

  follow(pool: Pool): void {
    for (const { values } of this.#sources) values.follow(pool)
  }

  rotate(keys: readonly string[]): void {
    this.#values.rekey(keys)
  }

  read({ cookies }: RequestFacts): Binding {
    let lost: MoveReason | undefined
    let lostPart: string | undefined
    if (cookies === '') return unbound
    for (const { name, values } of this.#sources) {
      let start = nextCookie(cookies, name)
      for (let tries = this.#tries; start >= 0 && tries > 0; tries -= 1) {
        const end = cookieEnd(cookies, start)
        const cut = this.#cut(cookies, start, end)
        const part = cut < end ? cookies.slice(cut + this.#config.delimiter.length, end) : undefined
        if (cut > start) {
          const found = values.read(cookies.slice(start, cut))
          if (typeof found !== 'string') return withServerPart(found, part)
          lost ??= found
          lostPart ??= part
        }
        start = nextCookie(cookies, name, end)
      }
    }
    return lost === undefined ? unbound : withServerPart(lostBinding(lost), lostPart)
  }

  setCookie(
    { binding, server, verdict, facts }: Parameters<CookieAffinity['setCookie']>[0],
    transferred?: string,
  ): string | undefined {
    const { hide, transfer, delimiter, secure } = this.#config
    const fresh = transfer ? transferred : undefined
    const home = this.#home(binding, server, verdict)
    const moved = verdict === 'moved' && home === server
    const due = this.#everyAnswer || verdict === 'new' || moved || binding.due
    if (hide || !(due || fresh !== undefined)) return undefined
    const value = this.#values.write(home, binding.session)
    if (value === undefined) return undefined
    const part = fresh ?? this.#keptPart(binding)
    return this.#write(
      part === '' ? value : value + delimiter + part,
      secure === 'auto' ? facts.scheme === 'https' : secure,
      Math.floor(this.#clock.wall() / 1000),
    )
  }

  forwardedCookies(cookies: string): string {
    const { strip, transfer, delimiter } = this.#config
    if (!strip && !transfer) return cookies
    return withoutCookies(cookies, this.#names, (value) => {
      const cut = transfer ? value.indexOf(delimiter) : -1
      return cut < 0 ? undefined : value.slice(cut + delimiter.length)
    })
  }

  intercept(setCookie: string): { readonly value: string } | undefined {
    const { strip, transfer, style, cookie } = this.#config
    if (!strip && !transfer && style !== 'sticky-module') return undefined
    const value = setCookieValue(setCookie, lowerCase(cookie))
    return value === undefined ? undefined : { value }
  }

  /** Where our part of a value ends: at the delimiter with `transfer`, else with the value. */
  #cut(cookies: string, start: number, end: number): number {
    if (!this.#config.transfer) return end
    const at = cookies.slice(start, end).indexOf(this.#config.delimiter)
    return at < 0 ? end : start + at
  }

  /** The server that the cookie is to name: with `rebind: 'never'` a moved session returns. */
  #home(binding: Binding, server: Server, verdict: Verdict): Server {
    const returns = verdict === 'moved' && this.#config.rebind === 'never'
    return returns ? (binding.server ?? server) : server
  }

  /** What the server's own part is when this answer does not set it. The module forgets it. */
  #keptPart({ serverPart }: Binding): string {
    return this.#config.style === 'sticky-module' ? '' : (serverPart ?? '')
  }
}

/** nginx's formats hold no time, so they slide only by being sent again and again. */
function slidesByItself({ format, renew, expires }: CookieConfig): boolean {
  return format !== 'sealed' && renew && expires !== undefined
}

function withServerPart(binding: Binding, serverPart: string | undefined): Binding {
  return serverPart === undefined ? binding : { ...binding, serverPart }
}
