import type { Memory } from './asked.js'
import { type GatewayKind, ScaleGateway, startEcho } from './gateway.js'
import { type Latency, latencyOf } from './latency.js'

/** A gateway with so many upstreams of so many servers. */
export interface Size {
  readonly gateway: GatewayKind
  readonly upstreams: number
  /** In each. */
  readonly servers: number
  readonly checks: boolean
}

/** What came of it. */
export interface Sized extends Size {
  readonly startMs: number
  /** Before the first request. */
  readonly fresh: Memory
  /** When every server has been used, and its connection is kept. */
  readonly used: Memory
  readonly latency: Latency
  /** Of a core, while nothing is asked of it. */
  readonly idleShare: number
}

/** Starts a gateway of this size, uses every server of it, and lets it rest. */
export async function measureSize(size: Size): Promise<Sized> {
  const echo = await startEcho()
  let gateway: ScaleGateway | undefined
  try {
    const addresses = echo.addresses(size.upstreams * size.servers)
    gateway = await ScaleGateway.start(size.gateway, {
      checks: size.checks,
      upstreams: upstreamsOf(size.upstreams, addresses),
    })
    const paths = pathsOf(size.upstreams)
    const fresh = await gateway.memory()
    // Round robin: as many requests as there are servers reach all of them, twice.
    await latencyOf(gateway.port, paths, Math.max(2_000, 2 * addresses.length))
    const used = await gateway.memory()
    const latency = await latencyOf(gateway.port, paths, 1_000)
    const idleShare = await gateway.idleShare()
    return { ...size, startMs: gateway.startMs, fresh, used, latency, idleShare }
  } finally {
    await gateway?.stop()
    await echo.stop()
  }
}

/** The addresses dealt out to upstreams, each under a prefix of its own. */
export function upstreamsOf(
  count: number,
  addresses: readonly string[],
): ReadonlyArray<{ name: string; prefix: string; servers: readonly string[] }> {
  const each = addresses.length / count
  return Array.from({ length: count }, (_, i) => ({
    name: `upstream-${i}`,
    prefix: `/upstream-${i}`,
    servers: addresses.slice(i * each, (i + 1) * each),
  }))
}

export function pathsOf(upstreams: number): readonly string[] {
  return Array.from({ length: upstreams }, (_, i) => `/upstream-${i}/`)
}
