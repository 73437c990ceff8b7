import { findProgram } from '../lib/machine.js'
import { type Gateway, type GatewayName, gateways } from './gateways.js'
import { CONNECTIONS, Load, type LoadResult } from './load.js'
import { type Running, startGateway, startServers } from './process.js'

const SERVERS = 3
const SETS = 3
const TURNS = 6
const TURN_S = 1
const WARM_UP_REQUESTS = 20_000

/** One gateway under load for one turn. */
export interface Round extends LoadResult {
  /** Processor time of the gateway a request, in microseconds. */
  readonly costUs: number
}

/** The rounds of each gateway that was there: what is compared was run in turn. */
export type Rounds = Partial<Record<GatewayName, Round[]>>

export const costSettings = {
  servers: SERVERS,
  sets: SETS,
  turns: TURNS,
  turnS: TURN_S,
  warmUpRequests: WARM_UP_REQUESTS,
  connections: CONNECTIONS,
}

/**
 * Runs all gateways in turn, several times over. Turns are short, so that what else goes on in the
 * machine meets all alike, and every set has fresh processes, whose code is compiled anew.
 */
export async function measureCosts(
  names: readonly GatewayName[],
  tell: (text: string) => void,
): Promise<Rounds> {
  const present = gateways.filter((gateway) => names.includes(gateway.name) && isInstalled(gateway))
  const rounds: Rounds = {}
  const servers = await startServers(SERVERS)
  try {
    for (let set = 1; set <= SETS; set += 1) {
      tell(`set ${set} of ${SETS}: ${present.map(({ name }) => name).join(', ')}`)
      await runSet(present, servers.addresses, rounds)
    }
  } finally {
    await servers.stop()
  }
  return rounds
}

function isInstalled(gateway: Gateway): boolean {
  return gateway.kind === 'node' || findProgram(gateway.program) !== undefined
}

async function runSet(
  present: readonly (typeof gateways)[number][],
  servers: readonly string[],
  rounds: Rounds,
): Promise<void> {
  const warm: Array<{ name: GatewayName; running: Running; load: Load }> = []
  try {
    for (const gateway of present) {
      const running = await startGateway(gateway, servers)
      const load = await Load.begin(running.port)
      warm.push({ name: gateway.name, running, load })
      // By requests and not by time: on a busy machine a second is not enough for the compiler.
      for (let sent = 0; sent < WARM_UP_REQUESTS; ) sent += (await load.run(1)).requests
    }
    for (let turn = 0; turn < TURNS; turn += 1) {
      // There and back again, so that nobody always comes after the same neighbour.
      for (const { name, running, load } of turn % 2 === 0 ? warm : warm.toReversed()) {
        rounds[name] = [...(rounds[name] ?? []), await runRound(running, load)]
      }
    }
  } finally {
    for (const { running, load } of warm) {
      load.end()
      await running.stop()
    }
  }
}

async function runRound(running: Running, load: Load): Promise<Round> {
  const before = running.processorMs()
  const result = await load.run(TURN_S)
  return { costUs: ((running.processorMs() - before) * 1000) / result.requests, ...result }
}
