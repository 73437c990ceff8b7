import type { CookieStyle } from './affinity/config.js'

/** A default as a user would have written it, why it is that, and what a bare number counts. */
export type Default<T> = {
  readonly value: T
  readonly reason: string
} & (T extends number ? { readonly unit: string } : unknown)

/** A default that depends on whose Set-Cookie lines are reproduced. */
export interface StyledDefault<T> {
  readonly styles: Readonly<Record<CookieStyle, T>>
  readonly reason: string
}

/** The single table of defaults: what the options are when nothing is said. */
export const defaults = {
  upstream: {
    balance: { value: 'round-robin', reason: "nginx's" },
    host: {
      value: '$host',
      reason: 'applications build links and check origins by the name that the client used',
    },
    failOpen: {
      value: true,
      reason: 'with every server ejected, one more try beats a certain 502',
    },
  },
  discovery: {
    resolve: {
      value: '5s',
      reason: 'a new server is found while it still warms up, at 12 questions a minute',
    },
    linger: {
      value: '60s',
      reason: 'sessions leave at their own pace, and a name server that hiccups moves nobody',
    },
  },
  server: {
    incarnation: { value: 0, unit: 'life', reason: 'most lists know of one life only' },
    weight: { value: 1, unit: 'share', reason: "nginx's: all servers are equal" },
    maxFails: {
      value: 3,
      unit: 'fails',
      reason: "nginx's 1 takes a server out for one lost connection",
    },
    failTimeout: {
      value: '30s',
      reason: "nginx's 10s asks a restarting server again before it is up",
    },
    maxConns: { value: 0, unit: 'connections', reason: "nginx's: no limit" },
    backup: { value: false, reason: "nginx's" },
    down: { value: false, reason: "nginx's" },
    drain: { value: false, reason: "nginx's" },
    slowStart: { value: '0s', reason: 'most servers are as fast when they start' },
  },
  hash: {
    consistent: {
      value: true,
      reason: 'one of n servers going moves one key in n, and not nearly all of them',
    },
    whenEmpty: {
      value: '$remote_addr',
      reason: 'the first requests of a new client agree on a server, on every replica',
    },
  },
  cookie: {
    value: {
      styles: { holdfast: 'sealed', 'sticky-module': 'md5', nginx: 'md5' },
      reason: 'sealed names no address and cannot be forged; md5 is what nginx sends',
    },
    valueWithoutKeys: { value: 'md5', reason: 'what nginx sends, with a warning at start' },
    path: {
      styles: { holdfast: '/', 'sticky-module': '/', nginx: undefined },
      reason: 'a session spans the whole site; nginx leaves the attribute out',
    },
    secure: {
      styles: { holdfast: 'auto', 'sticky-module': false, nginx: false },
      reason: 'never over plain HTTP where the client came over HTTPS',
    },
    httpOnly: {
      styles: { holdfast: true, 'sticky-module': false, nginx: false },
      reason: 'no script needs to read it',
    },
    sameSite: {
      styles: { holdfast: 'lax', 'sticky-module': false, nginx: false },
      reason: 'what browsers assume, said aloud',
    },
    partitioned: { value: false, reason: 'only embedded sites need it' },
    renew: { value: true, reason: 'a session that is used should not run out' },
    fallback: { value: true, reason: 'a moved session beats an error' },
    rebind: { value: 'now', reason: 'the new server holds the session from then on' },
    strip: {
      styles: { holdfast: true, 'sticky-module': false, nginx: false },
      reason: 'the cookie is the business of the gateway; nginx passes it on',
    },
    hide: { value: false, reason: 'without the cookie nothing sticks' },
    transfer: { value: false, reason: "the sticky module's" },
    delimiter: { value: ' ', reason: "the sticky module's" },
    style: { value: 'holdfast', reason: 'safe attributes, sent only when something changed' },
  },
  route: {
    fallback: { value: true, reason: 'a moved session beats an error' },
  },
  learn: {
    fallback: { value: true, reason: 'a moved session beats an error' },
    timeout: { value: '10m', reason: "nginx's" },
    header: { value: false, reason: "nginx's: an answer that failed half-way binds nobody" },
    size: {
      value: 100_000,
      unit: 'sessions',
      reason: 'some 20 MB at the most, however many clients make up ids',
    },
  },
  retry: {
    on: { value: ['error', 'timeout'], reason: "nginx's" },
    tries: {
      value: 3,
      unit: 'attempts',
      reason: 'a bad server is passed, a bad day is not tripled',
    },
    timeout: { value: '0s', reason: "nginx's: no limit" },
    bufferBytes: {
      value: 65_536,
      unit: 'bytes',
      reason: 'most forms fit, and memory stays bounded',
    },
  },
  budget: {
    ratio: {
      value: 0.2,
      unit: 'retries a request',
      reason: 'an outage adds a fifth of load at most',
    },
    minPerSecond: { value: 3, unit: 'retries a second', reason: 'quiet gateways may retry too' },
  },
  rebalance: {
    margin: {
      value: 0.1,
      unit: 'of a share',
      reason: 'closer than that chance brings them apart again',
    },
  },
  timeouts: {
    connect: { value: '60s', reason: "nginx's" },
    send: { value: '60s', reason: "nginx's" },
    headers: { value: '60s', reason: "nginx's" },
    body: { value: '60s', reason: "nginx's" },
    response: { value: '0s', reason: 'downloads and event streams have no natural end' },
    tunnel: { value: '1h', reason: 'a quiet WebSocket is not a dead one' },
  },
  ejection: {
    backoff: { value: 1, unit: 'times', reason: "nginx's: every ejection lasts as long" },
    maxShare: { value: 1, unit: 'of the servers', reason: "nginx's: all of them may be out" },
  },
  checks: {
    path: { value: '/', reason: 'every server has one; a page made for checks tells more' },
    interval: { value: '5s', reason: "nginx Plus's" },
    timeout: { value: '2s', reason: 'a server that needs longer to say a word is not well' },
    rise: { value: 2, unit: 'checks', reason: "HAProxy's" },
    fall: { value: 3, unit: 'checks', reason: "HAProxy's" },
    expect: { value: ['200-399'], reason: "nginx Plus's and HAProxy's" },
  },
  tls: {
    verify: { value: true, reason: 'a certificate that nobody checks protects nothing' },
  },
} as const
