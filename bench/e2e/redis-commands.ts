import { setTimeout as pause } from 'node:timers/promises'
import { Redis } from '../lib/redis.js'
import { type GatewayName, gatewayNamed } from './gateways.js'
import { Load } from './load.js'
import { freePort, startGateway, startServers } from './process.js'

const SERVERS = 3
const TURNS = 5
/** A multiple of every beat of a fleet at rest, so that each turn has as many of them. */
const TURN_S = 4
const LOAD_S = 3.5
const RATE = 3_000

/** What Redis was told while requests came, and for as long without. */
export interface RedisTurn {
  readonly requests: number
  readonly busy: number
  readonly idle: number
  readonly commandsARequest: number
}

export const redisSettings = {
  servers: SERVERS,
  turns: TURNS,
  turnS: TURN_S,
  loadS: LOAD_S,
  rate: RATE,
}

/** Counts the commands that a gateway of a fleet sends, with requests and without, in turn. */
export async function measureRedisCommands(name: GatewayName): Promise<readonly RedisTurn[]> {
  const redis = new Redis(await freePort())
  const servers = await startServers(SERVERS)
  const turns: RedisTurn[] = []
  try {
    await redis.start()
    const environment = { BENCH_REDIS: redis.url }
    const running = await startGateway(gatewayNamed(name), servers.addresses, environment)
    const sessions = await Load.begin(running.port)
    const load = await sessions.paced()
    while (turns.length < TURNS) {
      const before = await commands(redis)
      const endMs = performance.now() + TURN_S * 1_000
      const { requests } = await load.run(RATE, LOAD_S, 1)
      await pause(endMs - performance.now())
      const between = await commands(redis)
      await pause(TURN_S * 1_000)
      const busy = between - before
      const idle = (await commands(redis)) - between
      turns.push({ requests, busy, idle, commandsARequest: (busy - idle) / requests })
    }
    await load.end()
    sessions.end()
    await running.stop()
  } finally {
    await servers.stop()
    await redis.stop()
  }
  return turns
}

async function commands(redis: Redis): Promise<number> {
  const calls = await redis.calls()
  // The questions that are asked here are not the gateway's.
  return [...calls].reduce(
    (sum, [name, count]) => sum + (/^(info|quit|ping)$/.test(name) ? 0 : count),
    0,
  )
}
