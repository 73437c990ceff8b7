import { findProgram } from '../lib/machine.js'
import { type Gateway, type GatewayName, gateways } from './gateways.js'
import { CONNECTIONS, Load, type LoadResult } from './load.js'
import { startGateway, startServers } from './process.js'

const SERVERS = 3
const CYCLES = 5
const WARM_UP_REQUESTS = 20_000
const MEASURE_S = 2

/** One gateway under load for some seconds, in a fresh process. */
export interface Round extends LoadResult {
  /** Processor time of the gateway a request, in microseconds. */
  readonly costUs: number
}

/** The rounds of each gateway that was there, one a cycle: what is compared was run in turn. */
export type Rounds = Partial<Record<GatewayName, Round[]>>

export const costSettings = {
  servers: SERVERS,
  cycles: CYCLES,
  warmUpRequests: WARM_UP_REQUESTS,
  measureS: MEASURE_S,
  connections: CONNECTIONS,
}

/** Runs all gateways in turn, several times over. */
export async function measureCosts(
  names: readonly GatewayName[],
  tell: (text: string) => void,
): Promise<Rounds> {
  const present = gateways.filter((gateway) => names.includes(gateway.name) && isInstalled(gateway))
  const rounds: Rounds = {}
  const servers = await startServers(SERVERS)
  try {
    for (let cycle = 1; cycle <= CYCLES; cycle += 1) {
      for (const gateway of present) {
        tell(`cycle ${cycle} of ${CYCLES}: ${gateway.name}`)
        const round = await runRound(gateway, servers.addresses)
        rounds[gateway.name] = [...(rounds[gateway.name] ?? []), round]
      }
    }
  } finally {
    await servers.stop()
  }
  return rounds
}

function isInstalled(gateway: Gateway): boolean {
  return gateway.kind === 'node' || findProgram(gateway.program) !== undefined
}

async function runRound(gateway: Gateway, servers: readonly string[]): Promise<Round> {
  const running = await startGateway(gateway, servers)
  const load = await Load.begin(running.port)
  try {
    // By requests and not by time: on a busy machine a second is not enough for the compiler.
    for (let warm = 0; warm < WARM_UP_REQUESTS; ) warm += (await load.run(1)).requests
    const before = running.processorMs()
    const result = await load.run(MEASURE_S)
    const costUs = ((running.processorMs() - before) * 1000) / result.requests
    return { costUs, ...result }
  } finally {
    load.end()
    await running.stop()
  }
}
