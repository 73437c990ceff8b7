import { spreadOf } from '../lib/statistics.js'
import type { GatewayName } from './gateways.js'
import { CONNECTIONS, Load, type LoadResult } from './load.js'
import type { PacedLoad, PacedResult } from './paced.js'
import { type Running, startServers } from './process.js'
import { type Contender, Rounds, takeTurns, withSet } from './turns.js'

const SERVERS = 3
const SETS = 3
const TURNS = 4
const TURN_S = 1
const PACED_TURNS = 5
const PACED_TURN_S = 1
const WARM_UP_REQUESTS = 40_000
/** Those whose latencies a figure compares; both get half of what the slower can do. */
const PACERS: readonly GatewayName[] = ['holdfast', 'reply-from']

/** One gateway under as much load as it takes, for one turn. */
export interface CostRound extends LoadResult {
  /** Processor time of the gateway a request, in microseconds. */
  readonly costUs: number
}

/** One gateway under a fixed load, for one turn. */
export interface PacedRound extends PacedResult {
  /** Requests a second; the same for all in one set. */
  readonly rate: number
}

export interface SideBySide {
  readonly cost: Rounds<CostRound>
  readonly paced: Rounds<PacedRound>
}

export const sideBySideSettings = {
  servers: SERVERS,
  sets: SETS,
  turns: TURNS,
  turnS: TURN_S,
  pacedTurns: PACED_TURNS,
  pacedTurnS: PACED_TURN_S,
  warmUpRequests: WARM_UP_REQUESTS,
  connections: CONNECTIONS,
}

/**
 * Runs all gateways in turn, several times over: as fast as they can, which shows what a request
 * costs, and, where `paced`, at half of that, which shows how long one takes.
 */
export async function measureSideBySide(
  names: readonly GatewayName[],
  paced: boolean,
  tell: (text: string) => void,
): Promise<SideBySide> {
  const result: SideBySide = { cost: new Rounds(), paced: new Rounds() }
  const servers = await startServers(SERVERS)
  try {
    for (let set = 1; set <= SETS; set += 1) {
      tell(`side by side, set ${set} of ${SETS}: ${names.join(', ')}`)
      await withSet(names, servers.addresses, loader, async (contenders) => {
        const rates = await runCosts(contenders, result.cost)
        if (paced) await runPaced(contenders, rates, result.paced)
      })
    }
  } finally {
    await servers.stop()
  }
  return result
}

const loader = {
  async warm({ port }: Running): Promise<Load> {
    const load = await Load.begin(port)
    // By requests and not by time: on a busy machine a second is not enough for the compiler.
    for (let sent = 0; sent < WARM_UP_REQUESTS; ) sent += (await load.run(1)).requests
    return load
  },
  end: (load: Load): void => load.end(),
}

/** @returns the requests a second that each can do */
async function runCosts(
  contenders: ReadonlyArray<Contender<Load>>,
  rounds: Rounds<CostRound>,
): Promise<ReadonlyMap<GatewayName, number>> {
  const rates = new Map<GatewayName, number[]>()
  await takeTurns(TURNS, contenders, async ({ name, running, load }) => {
    const before = running.processorMs()
    const result = await load.run(TURN_S)
    const costUs = ((running.processorMs() - before) * 1_000) / result.requests
    rounds.add(name, { costUs, ...result })
    rates.set(name, [...(rates.get(name) ?? []), result.rate])
  })
  return new Map([...rates].map(([name, all]) => [name, spreadOf(all).median]))
}

async function runPaced(
  contenders: ReadonlyArray<Contender<Load>>,
  rates: ReadonlyMap<GatewayName, number>,
  rounds: Rounds<PacedRound>,
): Promise<void> {
  const slower = Math.min(...PACERS.map((name) => rates.get(name) ?? Number.POSITIVE_INFINITY))
  const rate = Math.round(slower / 2)
  // One that can do hardly more than this would only fall behind.
  const able = contenders.filter(({ name }) => (rates.get(name) ?? 0) > rate * 1.25)
  const paced: Array<{ readonly name: GatewayName; readonly load: PacedLoad }> = []
  try {
    for (const { name, load } of able) paced.push({ name, load: await load.paced() })
    await takeTurns(PACED_TURNS, paced, async ({ name, load }, turn) => {
      // The others are here to show where they stand: a turn a set is enough for that.
      if (turn > 0 && !PACERS.includes(name)) return
      rounds.add(name, { rate, ...(await load.run(rate, PACED_TURN_S)) })
    })
  } finally {
    for (const { load } of paced) await load.end()
  }
}
