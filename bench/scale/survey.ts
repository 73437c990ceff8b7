import { table } from '../report.js'
import type { Survey, Tell } from '../surveys.js'
import { type Held, type Hold, measureHold } from './hold.js'
import { connectionsAProcess } from './limits.js'
import { measureSize, type Size, type Sized } from './sizes.js'

const CLIENTS = 50_000
const TUNNELS = 10_000
const UPSTREAMS = 100
const SERVERS = 1_000
/** A tunnel is a connection on either side. */
const CONNECTIONS_A_TUNNEL = 2

/**
 * How much a gateway can have and hold, what that takes, and whether it still answers.
 * @param parts some of `sizes`, `clients`, `tunnels` and `all`; none means each of them.
 */
export async function surveyScale(tell: Tell, parts: readonly string[]): Promise<Survey> {
  const most = connectionsAProcess()
  const wanted = (part: string): boolean => parts.length === 0 || parts.includes(part)
  const sized: Sized[] = []
  for (const size of wanted('sizes') ? sizes : []) {
    tell(`${size.gateway}: ${size.upstreams} upstreams of ${size.servers} servers`)
    sized.push(await measureSize(size))
  }
  const held: Held[] = []
  for (const [part, hold] of holds(most)) {
    if (wanted(part)) held.push(await measureHold(hold, tell))
  }
  return { tables: scaleTables({ most, sized, held }), data: { most, sized, held } }
}

export interface Scale {
  /** Connections that one process may have. */
  readonly most: number
  readonly sized: readonly Sized[]
  readonly held: readonly Held[]
}

export function scaleTables({ most, sized, held }: Scale): readonly string[] {
  return [
    ...(sized.length === 0 ? [] : [table([SIZED_HEAD, ...sized.map(sizedRow)])]),
    ...(held.length === 0 ? [] : [table([HELD_HEAD, ...held.map(heldRow)])]),
    `One process may have ${most} connections here (ulimit -n); what wants more is shared out.`,
  ]
}

const own = { gateway: 'holdfast', checks: false } as const
const proxy = { gateway: 'fastify-http-proxy', checks: false } as const

const sizes: readonly Size[] = [
  { ...own, upstreams: 1, servers: 3 },
  { ...own, upstreams: 1, servers: SERVERS },
  { ...own, upstreams: UPSTREAMS, servers: SERVERS / UPSTREAMS },
  { ...own, upstreams: UPSTREAMS, servers: SERVERS / UPSTREAMS, checks: true },
  { ...proxy, upstreams: 1, servers: 3 },
  { ...proxy, upstreams: 1, servers: SERVERS },
  { ...proxy, upstreams: UPSTREAMS, servers: SERVERS / UPSTREAMS },
]

function holds(most: number): ReadonlyArray<readonly [string, Hold]> {
  const one = { gateways: 1, upstreams: 1, servers: 3, checks: false, clients: 0, tunnels: 0 }
  const clients = Math.min(CLIENTS, most)
  const tunnels = Math.min(TUNNELS, Math.floor(most / CONNECTIONS_A_TUNNEL))
  const all = {
    upstreams: UPSTREAMS,
    servers: SERVERS,
    checks: true,
    clients: CLIENTS,
    tunnels: TUNNELS,
  }
  // Each of several gateways keeps a connection to every server as well, and another for checks.
  const connections = CLIENTS + CONNECTIONS_A_TUNNEL * TUNNELS
  const gateways = Math.ceil(connections / (most - 2 * SERVERS))
  return [
    ['clients', { ...one, gateway: 'holdfast', clients }],
    ['clients', { ...one, gateway: 'reply-from', clients }],
    ['tunnels', { ...one, gateway: 'holdfast', tunnels }],
    ['tunnels', { ...one, gateway: 'fastify-http-proxy', tunnels }],
    ['all', { ...all, gateway: 'holdfast', gateways }],
  ]
}

const SIZED_HEAD = [
  'gateway',
  'upstreams x servers',
  'start ms',
  'rss MB',
  'heap MB',
  'heap MB, all used',
  'p50 ms',
  'p99 ms',
  'idle, of a core',
]

function sizedRow(one: Sized): string[] {
  return [
    `${one.gateway}${one.checks ? ', checks' : ''}`,
    `${one.upstreams} x ${one.servers}`,
    one.startMs.toFixed(0),
    megabytes(one.used.rss),
    megabytes(one.fresh.heap),
    megabytes(one.used.heap),
    one.latency.p50Ms.toFixed(2),
    one.latency.p99Ms.toFixed(2),
    percent(one.idleShare),
  ]
}

const HELD_HEAD = [
  'gateway',
  'clients',
  'tunnels',
  'rss MB',
  'KB each: rss',
  'heap',
  'idle, of a core',
  'µs a use',
  'p50/p99 ms before',
  'held',
  'after',
  'rss MB after',
  'failed',
]

function heldRow(one: Held): string[] {
  const held = one.heldClients + one.heldTunnels
  const each = (of: 'rss' | 'heap'): string =>
    ((one.full[of] - one.empty[of]) / held / 1024).toFixed(1)
  const { empty, full, left } = one.latency
  const missing = one.clients + one.tunnels - held
  return [
    one.gateways === 1 ? one.gateway : `${one.gateway} x ${one.gateways}`,
    String(one.heldClients),
    String(one.heldTunnels),
    megabytes(one.full.rss),
    each('rss'),
    each('heap'),
    percent(one.idleShare),
    one.useUs.toFixed(0),
    ...[empty, full, left].map(({ p50Ms, p99Ms }) => `${p50Ms.toFixed(2)}/${p99Ms.toFixed(2)}`),
    megabytes(one.left.rss),
    `${missing + one.unanswered + one.lost}${one.problem === undefined ? '' : ` (${one.problem})`}`,
  ]
}

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1)
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
