import { setTimeout as pause } from 'node:timers/promises'
import { LOAD_CORE, type NodeProcess, startNode } from '../e2e/process.js'
import type { Memory } from './asked.js'
import { ask, type GatewayKind, ScaleGateway, startEcho } from './gateway.js'
import type { Holding, Opened, Used } from './holder.js'
import { type Latency, latencyOf } from './latency.js'
import { pathsOf, upstreamsOf } from './sizes.js'

const WARM_UP_REQUESTS = 3_000
/** Of one address towards one port, and less than one process may have. */
const CONNECTIONS_A_HOLDER = 10_000
const SWEEP_MS = 2_000

/** Connections that are to be held by gateways of one kind, shared out among them. */
export interface Hold {
  readonly gateway: GatewayKind
  readonly gateways: number
  readonly upstreams: number
  readonly servers: number
  readonly checks: boolean
  readonly clients: number
  readonly tunnels: number
}

/** What it took; of all gateways together unless it says otherwise. */
export interface Held extends Hold {
  /** How many there were indeed. */
  readonly heldClients: number
  readonly heldTunnels: number
  readonly problem: string | undefined
  /** How many were opened a second. */
  readonly rate: number
  readonly empty: Memory
  readonly full: Memory
  /** After all had gone. */
  readonly left: Memory
  /** Of a core, while all are held and none is used. */
  readonly idleShare: number
  /** Processor time of the gateways to use a connection once: a GET, or a message and its echo. */
  readonly useUs: number
  readonly unanswered: number
  readonly lost: number
  /** Of requests to the first gateway: before, while all are held, after. */
  readonly latency: { readonly empty: Latency; readonly full: Latency; readonly left: Latency }
}

/** Holds connections, uses each of them once, lets them go, and asks all the while how it is. */
export async function measureHold(hold: Hold, tell: (text: string) => void): Promise<Held> {
  const echo = await startEcho()
  const gateways: ScaleGateway[] = []
  const holders: NodeProcess[] = []
  try {
    const upstreams = upstreamsOf(hold.upstreams, echo.addresses(hold.servers))
    const paths = pathsOf(hold.upstreams)
    while (gateways.length < hold.gateways) {
      const gateway = await ScaleGateway.start(hold.gateway, { upstreams, checks: hold.checks })
      gateways.push(gateway)
      await latencyOf(gateway.port, paths, WARM_UP_REQUESTS)
    }
    const port = gateways[0]?.port ?? 0
    const empty = await memoryOf(gateways)
    const latencyEmpty = await latencyOf(port, paths)

    let opened = { client: 0, tunnel: 0, seconds: 0 }
    let problem: string | undefined
    for (const holding of holdingsOf(hold, gateways, paths)) {
      tell(`${hold.gateway}: ${holding.count} of kind ${holding.kind}, from ${holding.from}`)
      const holder = await startNode(LOAD_CORE, 'scale/holder.js', [JSON.stringify(holding)])
      holders.push(holder)
      const done = await ask<Opened>(holder, 'open')
      problem ??= done.problem
      opened = {
        ...opened,
        [holding.kind]: opened[holding.kind] + done.held,
        seconds: opened.seconds + done.seconds,
      }
    }
    const held = opened.client + opened.tunnel
    await pause(SWEEP_MS)
    const full = await memoryOf(gateways)
    const latencyFull = await latencyOf(port, paths)
    const shares = await Promise.all(gateways.map((gateway) => gateway.idleShare()))

    const before = processorOf(gateways)
    const uses: Used[] = []
    for (const holder of holders) uses.push(await ask<Used>(holder, 'use'))
    const answered = sum(uses.map((use) => use.answered))
    const useUs = ((processorOf(gateways) - before) * 1_000) / answered

    while (holders.length > 0) await holders.pop()?.stop()
    await pause(SWEEP_MS)
    return {
      ...hold,
      heldClients: opened.client,
      heldTunnels: opened.tunnel,
      problem,
      rate: held / opened.seconds,
      empty,
      full,
      left: await memoryOf(gateways),
      idleShare: sum(shares),
      useUs,
      unanswered: held - answered,
      lost: sum(uses.map((use) => use.lost)),
      latency: { empty: latencyEmpty, full: latencyFull, left: await latencyOf(port, paths) },
    }
  } finally {
    await Promise.all([...holders, ...gateways].map((process) => process.stop()))
    await echo.stop()
  }
}

/** Who holds how many of what, so that no process and no address has too many. */
function holdingsOf(
  { clients, tunnels }: Hold,
  gateways: readonly ScaleGateway[],
  paths: readonly string[],
): readonly Holding[] {
  const holdings: Holding[] = []
  for (const [kind, all] of [['tunnel', tunnels] as const, ['client', clients] as const]) {
    for (const [turn, { port }] of gateways.entries()) {
      let left = shareOf(all, gateways.length, turn)
      while (left > 0) {
        const count = Math.min(left, CONNECTIONS_A_HOLDER)
        left -= count
        const path = paths[holdings.length % paths.length] ?? '/'
        holdings.push({ kind, port, path, count, from: `127.0.1.${1 + holdings.length}` })
      }
    }
  }
  return holdings
}

/** What the one in turn gets when `all` are dealt out. */
function shareOf(all: number, among: number, turn: number): number {
  return Math.floor((all * (turn + 1)) / among) - Math.floor((all * turn) / among)
}

async function memoryOf(gateways: readonly ScaleGateway[]): Promise<Memory> {
  const each: Memory[] = []
  for (const gateway of gateways) each.push(await gateway.memory())
  return {
    rss: sum(each.map(({ rss }) => rss)),
    heap: sum(each.map(({ heap }) => heap)),
    external: sum(each.map(({ external }) => external)),
  }
}

function processorOf(gateways: readonly ScaleGateway[]): number {
  return sum(gateways.map(({ processorMs }) => processorMs))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
