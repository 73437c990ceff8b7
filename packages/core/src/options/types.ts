import type { CookieFormat, CookieStyle } from '../affinity/config.js'
import type { KeyExpression } from '../affinity/key-expression.js'
import type { LearnExpression } from '../affinity/learn-source.js'

/** One server of an upstream. A text is short for `{ address }`. */
export interface ServerOptions {
  /**
   * Where it listens; `https://` before it means TLS. The text as written, without the scheme,
   * is the server's identity in every hash.
   */
  address: string
  /** The name that operators and statistics use; the address when absent. */
  id?: string | undefined
  /**
   * Tells one life of a recycled address from the next, as a pod's uid does: a session of another
   * life has lost its server. Text is hashed to a number. Default: `0`.
   */
  incarnation?: number | string | undefined
  /** Its share of the requests, compared with the other servers'. Default: `1`. */
  weight?: number | undefined
  /** Fails within `failTimeout` that eject it; 0 never ejects. Default: `3`. */
  maxFails?: number | undefined
  /**
   * How long a fail counts, and how long an ejection lasts; whole seconds. Default: `'30s'`.
   */
  failTimeout?: string | undefined
  /** Requests and tunnels at the same time, from one replica; 0 is no limit. Default: `0`. */
  maxConns?: number | undefined
  /**
   * Takes requests only while no other server can. Not with a hash or random balance.
   * Default: `false`.
   */
  backup?: boolean | undefined
  /** Takes no requests at all, but keeps its place in every hash. Default: `false`. */
  down?: boolean | undefined
  /** Keeps the sessions it has and gets no new ones. Default: `false`. */
  drain?: boolean | undefined
  /**
   * After it was ejected or down, or joined later, its share of new sessions grows over this time;
   * whole seconds. Not with a hash balance, where keys stay in their places. Default: `'0s'`.
   */
  slowStart?: string | undefined
  /** The id that a route or a cookie of nginx's style knows it by. */
  route?: string | undefined
  /**
   * Looks the address up as a name, at least this often: each address that it leads to is a
   * server. Default: `'5s'` with `service`.
   */
  resolve?: string | undefined
  /**
   * Looks up the name's SRV records, which say the ports: `'http'` stands for
   * `_http._tcp.<address>`; one with a dot is taken as it is.
   */
  service?: string | undefined
}

/** A balancer that sends equal keys to the same server. */
export interface HashOptions<Request = never> {
  /** nginx variables or functions of the request; the first that is not empty is the key. */
  hash: KeyExpression<Request> | readonly KeyExpression<Request>[]
  /**
   * A ring of 160 points a weight, as nginx's `hash ... consistent`; `false` is nginx's plain
   * `hash`. Default: `true`.
   */
  consistent?: boolean | undefined
  /**
   * The key when all are empty; `'round-robin'` is what nginx does then.
   * Default: `'$remote_addr'`.
   */
  whenEmpty?: KeyExpression<Request> | undefined
  /** Leading bits of an IPv6 `$remote_addr` that count: 64 keeps privacy addresses together. */
  ipv6Prefix?: number | undefined
  /** The most a server may carry, as a multiple of its fair share; the rest goes on to the next. */
  loadFactor?: number | undefined
}

export type BalanceOptions<Request = never> =
  | 'round-robin'
  | 'least-conn'
  | 'random'
  | 'random-two'
  | 'ip-hash'
  | HashOptions<Request>

/** An older cookie that clients still hold. */
export interface AcceptOptions {
  /** How it names a server. */
  value: CookieFormat
  /** The key it was made with: for `'sealed'` and `'hmac-…'`, where a short one will do. */
  key?: string | undefined
  /** Its name, if that was another. */
  cookie?: string | undefined
}

/** Sessions stick by a cookie that the gateway sets. */
export interface CookieOptions {
  /** The cookie's name. */
  cookie: string
  /**
   * How it names a server: encrypted and authenticated, or in one of nginx's ways. Without `keys`
   * it is `'md5'`. Default: `'sealed'`; `'md5'` in style `'sticky-module'` or `'nginx'`.
   */
  value?: CookieFormat | undefined
  /**
   * Secrets, newest first: the first seals, all are accepted. For `'sealed'` 16 bytes or more, the
   * same on every replica; `openssl rand -base64 32` makes one.
   */
  keys?: ReadonlyArray<string | undefined> | undefined
  /** Older cookies that still count and are answered with a new one: for migrations. */
  accept?: readonly AcceptOptions[] | undefined
  /** Whose Set-Cookie lines and defaults are reproduced to the letter. Default: `'holdfast'`. */
  style?: CookieStyle | undefined
  /** How long browsers keep it; `'max'` is nginx's 2037. Absent: until the browser closes. */
  expires?: string | undefined
  /** The domain it is for; absent, the host that set it. */
  domain?: string | undefined
  /** The path it is for. Default: `'/'`; none in style `'nginx'`. */
  path?: string | undefined
  /**
   * Over HTTPS only; `'auto'` follows the request's protocol. Default: `'auto'`; `false` in style
   * `'sticky-module'` or `'nginx'`.
   */
  secure?: boolean | 'auto' | undefined
  /**
   * Out of reach of scripts. Default: `true`; `false` in style `'sticky-module'` or `'nginx'`.
   */
  httpOnly?: boolean | undefined
  /**
   * Which requests from other sites carry it; `false` leaves the attribute out. Default: `'lax'`;
   * `false` in style `'sticky-module'` or `'nginx'`.
   */
  sameSite?: 'strict' | 'lax' | 'none' | false | undefined
  /** One cookie for each site that embeds this one (CHIPS). Default: `false`. */
  partitioned?: boolean | undefined
  /** A session unused for this long has ended, whatever the browser does; `'sealed'` only. */
  idle?: string | undefined
  /** A session as old as this has ended, whatever the browser does; `'sealed'` only. */
  maxLife?: string | undefined
  /** Sends a cookie with `expires` or `idle` again in time, so that both slide. Default: `true`. */
  renew?: boolean | undefined
  /**
   * Whether a session whose server is away is served elsewhere; `false` (nginx's `no_fallback`)
   * answers 502. Default: `true`.
   */
  fallback?: boolean | undefined
  /**
   * `'now'`: a moved session belongs to its new server; `'never'`: it returns when its own is
   * back. Default: `'now'`.
   */
  rebind?: 'now' | 'never' | undefined
  /**
   * Keeps it from the server, and the server's own of that name from the client. Default: `true`;
   * `false` in style `'sticky-module'` or `'nginx'`.
   */
  strip?: boolean | undefined
  /** Routes by it and never sets it. Default: `false`. */
  hide?: boolean | undefined
  /** The server's own cookie of that name travels behind the value. Default: `false`. */
  transfer?: boolean | undefined
  /** What stands between the value and what `transfer` carries. Default: `' '`. */
  delimiter?: string | undefined
}

/** Sessions stick by an id that names a server's `route`. */
export interface RouteOptions<Request = never> {
  /** Where the id is found: nginx variables or functions; the first that is not empty counts. */
  route: KeyExpression<Request> | readonly KeyExpression<Request>[]
  /** Whether a session whose server is away is served elsewhere, or gets 502. Default: `true`. */
  fallback?: boolean | undefined
}

/** Sessions stick by an id that the servers hand out themselves, learned from their answers. */
export interface LearnOptions<Request = never> {
  /** What is learned, from where, and for how long. */
  learn: LearnSources<Request>
  /** Whether a session whose server is away is served elsewhere, or gets 502. Default: `true`. */
  fallback?: boolean | undefined
}

/** What is learned, from where, and for how long. */
export interface LearnSources<Request = never> {
  /**
   * Where a new session's id stands in an answer: `'$upstream_cookie_NAME'`,
   * `'$upstream_http_NAME'`, or a function of its status, headers and first chunk.
   */
  create: LearnExpression | readonly LearnExpression[]
  /** Where a request brings it back: nginx variables or functions. */
  lookup: KeyExpression<Request> | readonly KeyExpression<Request>[]
  /** How long an unused session is remembered. Default: `'10m'`. */
  timeout?: string | undefined
  /** Learns as soon as the head of the answer is there, not when it has ended. Default: `false`. */
  header?: boolean | undefined
  /** Sessions remembered at most; the least recently used goes first. Default: `100000`. */
  size?: number | undefined
}

export type StickyOptions<Request = never> =
  | CookieOptions
  | RouteOptions<Request>
  | LearnOptions<Request>

/** How many retries there may be, so that an outage does not multiply its own load. */
export interface BudgetOptions {
  /** Retries as a share of the requests of the last 10 s. Default: `0.2`. */
  ratio?: number | undefined
  /** Retries a second that are always free. Default: `3`. */
  minPerSecond?: number | undefined
}

/** What ends an attempt so that another server is tried. */
export type RetryOn = 'error' | 'timeout' | 'invalid-header' | 'non-idempotent' | number

/** When a request goes on to another server. */
export interface RetryOptions {
  /**
   * What is tried again, as nginx's `proxy_next_upstream`; numbers are statuses.
   * Default: `['error', 'timeout']`.
   */
  on?: readonly RetryOn[] | undefined
  /** Attempts at most, the first included; 0 is each server once. Default: `3`. */
  tries?: number | undefined
  /** No further attempt once a request is this old; `'0s'` is no limit. Default: `'0s'`. */
  timeout?: string | undefined
  /** A limit on all retries together; `false` is none. */
  budget?: BudgetOptions | false | undefined
  /** The largest body of an idempotent request that is kept for a retry. Default: `65536`. */
  bufferBytes?: number | undefined
}

/** How sessions may be moved to even out what servers carry. */
export interface RebalanceOptions {
  /** Sessions that one replica moves in any minute, at most. */
  perMinute: number
  /**
   * How far from its share of the sessions a server may be, as a part of the share.
   * Default: `0.1`.
   */
  margin?: number | undefined
}

/** How long an attempt may take; `'0s'` is no limit. */
export interface TimeoutOptions {
  /** Until the connection stands, TLS included. Default: `'60s'`. */
  connect?: string | undefined
  /** Between two writes of the request. Default: `'60s'`. */
  send?: string | undefined
  /** From the dispatch to the complete head of the answer. Default: `'60s'`. */
  headers?: string | undefined
  /** Between two pieces of the answer. Default: `'60s'`. */
  body?: string | undefined
  /** From the dispatch to the end of the answer. Default: `'0s'`. */
  response?: string | undefined
  /** Without traffic in either direction, after an upgrade. Default: `'1h'`. */
  tunnel?: string | undefined
}

/** How ejections grow, and how many there may be. */
export interface EjectionOptions {
  /**
   * By how much each ejection in a row lasts longer than the one before; a row ends when the
   * server stayed well for as long as it had been out. Default: `1`.
   */
  backoff?: number | undefined
  /** The longest an ejection may grow. */
  cap?: string | undefined
  /**
   * The share of the servers, backups included, that fails may keep out at the same time; one is
   * always allowed. Default: `1`.
   */
  maxShare?: number | undefined
}

/** Active health checks: every replica asks every server now and then how it is. */
export interface ChecksOptions {
  /** What is asked for, with GET. Default: `'/'`. */
  path?: string | undefined
  /**
   * The pause between two checks of a server by one replica; up to a fifth shorter by chance.
   * Default: `'5s'`.
   */
  interval?: string | undefined
  /**
   * How long a check may take, from the dial to the head of the answer. Default: `'2s'`.
   */
  timeout?: string | undefined
  /** Checks in a row that a sick server must pass to get requests again. Default: `2`. */
  rise?: number | undefined
  /** Checks in a row that a server must fail to get none. Default: `3`. */
  fall?: number | undefined
  /**
   * The statuses that pass. Of the others 404 is no fail: it asks for a drain, until a check
   * passes. Default: `['200-399']`.
   */
  expect?: ReadonlyArray<number | string> | undefined
}

/** TLS towards the servers whose address begins with `https://`. */
export interface TlsOptions {
  /** Authorities to trust in place of Node's own, in PEM. */
  ca?: string | Buffer | ReadonlyArray<string | Buffer> | undefined
  /** The gateway's own certificate, in PEM; together with `key`. */
  cert?: string | Buffer | undefined
  /** The private key of `cert`, in PEM. */
  key?: string | Buffer | undefined
  /** The name to ask for (SNI) and to verify; absent, the address's own. */
  servername?: string | undefined
  /** Whether the server's certificate must be valid. Default: `true`. */
  verify?: boolean | undefined
}

/** A source of server lists. Whatever becomes of it, the gateway serves with the latest list. */
export type DiscoverFunction = (
  signal: AbortSignal,
) => AsyncIterable<ReadonlyArray<ServerOptions | string>>

/**
 * A named group of servers and how requests are spread over them. `Request` is what the functions
 * among its key expressions are called with.
 */
export interface UpstreamOptions<Request = never> {
  /** Its name in logs, statistics and sealed cookies; the same on every replica. */
  name: string
  /** Its members, in an order that counts: index cookies and ties go by it. */
  servers?: ReadonlyArray<ServerOptions | string> | undefined
  /**
   * In place of `servers`: yields the whole list whenever it changes, until the signal aborts; the
   * members are sorted by address.
   */
  discover?: DiscoverFunction | undefined
  /**
   * How long a server that is discovered later takes no new sessions, so that every replica knows
   * it by then. Absent: two resolve intervals; 10s with `discover`.
   */
  settle?: string | undefined
  /**
   * How long a discovered server that is not named any more keeps its sessions.
   * Default: `'60s'`.
   */
  linger?: string | undefined
  /** The name servers that `resolve` and `service` ask; the machine's when absent. */
  resolver?: readonly string[] | undefined
  /** Who gets a request that belongs to no server yet. Default: `'round-robin'`. */
  balance?: BalanceOptions<Request> | undefined
  /** How sessions stay with their server; absent, they do not. */
  sticky?: StickyOptions<Request> | undefined
  /**
   * Moves sessions from servers that have more than their share to those that have less, such as
   * new ones, the idle sessions first and each once; absent, sessions stay where they are. For
   * sealed cookies.
   */
  rebalance?: RebalanceOptions | undefined
  /** When a request goes on to another server. */
  retry?: RetryOptions | undefined
  /** How long an attempt may take. */
  timeouts?: TimeoutOptions | undefined
  /** How ejections grow, and how many there may be. */
  ejection?: EjectionOptions | undefined
  /**
   * The Host header that servers get: the client's, the address, or this text.
   * Default: `'$host'`.
   */
  host?: string | undefined
  /** TLS towards the servers whose address begins with `https://`. */
  tls?: TlsOptions | undefined
  /**
   * With every server ejected: `true` tries the bound one, else the one whose ejection ends first;
   * `false` answers 502 at once, as nginx does. Default: `true`.
   */
  failOpen?: boolean | undefined
  /** Active health checks; absent, none are made. */
  checks?: ChecksOptions | undefined
}
