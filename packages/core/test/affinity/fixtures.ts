import type { Binding, Verdict } from '#core/affinity/binding.js'
import type { CookieConfig, CookieFormat } from '#core/affinity/config.js'
import { createCookieAffinity, type StickyCookie } from '#core/affinity/cookie.js'
import type { RequestFacts } from '#core/affinity/facts.js'
import type { Clock } from '#core/kernel/clock.js'
import { createSeededRandom } from '#core/kernel/random.js'
import { createPool, type Pool } from '#core/servers/pool.js'
import type { Server, ServerConfig } from '#core/servers/server.js'

/** Facts of a plain GET; headers by their lower-case names. */
export function factsOf(
  given: Partial<RequestFacts> & { headers?: Readonly<Record<string, string>> } = {},
): RequestFacts {
  const { headers = {}, ...facts } = given
  return {
    method: 'GET',
    target: '/',
    scheme: 'https',
    host: 'shop.example',
    remoteAddress: '192.0.2.1',
    socketAddress: '10.0.0.1',
    cookies: '',
    header: (name) => headers[name] ?? '',
    request: undefined,
    ...facts,
  }
}

export function serverConfig(address: string, given: Partial<ServerConfig> = {}): ServerConfig {
  return {
    address,
    id: address,
    tls: false,
    incarnation: 0,
    weight: 1,
    maxFails: 1,
    failTimeoutS: 10,
    slowStartS: 0,
    maxConns: 0,
    backup: false,
    down: false,
    drain: false,
    route: undefined,
    ...given,
  }
}

export function poolOf(...servers: readonly (string | ServerConfig)[]): Pool {
  return createPool(
    servers.map((server) => (typeof server === 'string' ? serverConfig(server) : server)),
  )
}

/** The defaults of the holdfast style, with a sealed cookie. */
export function cookieConfig(given: Partial<CookieConfig> = {}): CookieConfig {
  return {
    kind: 'cookie',
    cookie: 'srv_id',
    format: 'sealed',
    keys: ['a key of sixteen bytes or more'],
    accept: [],
    style: 'holdfast',
    expires: undefined,
    domain: undefined,
    path: '/',
    secure: 'auto',
    httpOnly: true,
    sameSite: 'lax',
    partitioned: false,
    idleMs: undefined,
    maxLifeMs: undefined,
    renew: true,
    fallback: true,
    rebind: 'now',
    strip: true,
    hide: false,
    transfer: false,
    delimiter: ' ',
    ...given,
  }
}

/** What nginx's styles leave out by default. */
export function nginxConfig(
  style: 'sticky-module' | 'nginx',
  given: Partial<CookieConfig> = {},
): CookieConfig {
  return cookieConfig({
    style,
    format: 'md5',
    keys: [],
    path: style === 'nginx' ? undefined : '/',
    secure: false,
    httpOnly: false,
    sameSite: false,
    ...given,
  })
}

/** A wall clock that stands still until it is told otherwise. */
export class FakeClock implements Clock {
  seconds = Date.UTC(2026, 10, 23, 16, 22, 5) / 1000

  now(): number {
    return this.seconds * 1000
  }

  wall(): number {
    return this.seconds * 1000
  }
}

/** A cookie affinity over a pool, with short ways to ask it. */
export class Gateway {
  readonly clock: FakeClock
  readonly affinity: StickyCookie
  pool: Pool

  constructor(
    config: CookieConfig,
    pool: Pool = poolOf('10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80'),
    { upstream = 'shop', seed = 1, clock = new FakeClock() } = {},
  ) {
    this.clock = clock
    this.affinity = createCookieAffinity(config, {
      upstream,
      clock,
      random: createSeededRandom(seed),
    })
    this.pool = pool
    this.affinity.follow(pool)
  }

  follow(pool: Pool): void {
    this.pool = pool
    this.affinity.follow(pool)
  }

  server(index: number): Server {
    const server = this.pool.servers[index]
    if (server === undefined) throw new RangeError(`no server ${index}`)
    return server
  }

  read(cookies: string): Binding {
    return this.affinity.read(factsOf({ cookies }))
  }

  /** The Set-Cookie line of an answer from `server`. */
  answer(
    server: Server,
    verdict: Verdict,
    { cookies = '', scheme = 'https', transferred = undefined as string | undefined } = {},
  ): string | undefined {
    const facts = factsOf({ cookies, scheme })
    const binding = this.affinity.read(facts)
    return this.affinity.setCookie({ binding, server, verdict, facts }, transferred)
  }

  /** What a browser would send after a new session's answer from `server`. */
  issue(server: Server = this.server(0)): string {
    return cookieOf(this.answer(server, 'new'))
  }
}

/** The `name=value` of a Set-Cookie line. */
export function cookieOf(line: string | undefined): string {
  if (line === undefined) throw new Error('no cookie was set')
  return line.slice(0, line.indexOf(';') < 0 ? undefined : line.indexOf(';'))
}

export const formats: readonly CookieFormat[] = [
  'sealed',
  'md5',
  'sha1',
  'hmac-md5',
  'hmac-sha1',
  'hmac-sha256',
  'index',
  'text',
]
