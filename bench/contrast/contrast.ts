import { setTimeout as pause } from 'node:timers/promises'
import { findProgram } from '../lib/machine.js'
import type { Redis } from '../lib/redis.js'
import { spreadOf } from '../lib/statistics.js'
import { Setup, type Way } from './setup.js'
import { type Outcome, Visitors } from './visitors.js'

const WAYS: readonly Way[] = ['sticky', 'shared']
const ROUNDS = 5
const VISITORS = 60
const RATE = 200
const TOGETHER = 6

/** What one way costs; one value a round. */
interface Costs {
  readonly rate: number[]
  readonly gatewayUs: number[]
  readonly behindUs: number[]
  readonly p50Ms: number[]
  readonly p99Ms: number[]
  readonly commands: number[]
}

/** What one way loses. */
interface Losses {
  readonly carts: { readonly put: number; readonly missing: number }
  readonly server: Outcome
  readonly redis: Outcome
}

export interface Contrast {
  readonly costs: Readonly<Record<Way, Costs>>
  readonly losses: Readonly<Record<Way, Losses>>
}

/**
 * The same shop with its sessions in the servers and in Redis, side by side: in turn while all is
 * well, then with a server killed, then with Redis killed and brought back.
 * @throws RangeError where redis-server is not installed
 */
export async function measureContrast(tell: (text: string) => void): Promise<Contrast> {
  if (findProgram('redis-server') === undefined) {
    throw new RangeError('The contrast needs redis-server: apt-get install redis-server')
  }
  const costs = { sticky: noCosts(), shared: noCosts() }
  const losses: Partial<Record<Way, Losses>> = {}
  const setups: Setup[] = []
  try {
    for (const way of WAYS) setups.push(await Setup.start(way))
    const pairs = setups.map((setup) => [setup, new Visitors(setup.port, VISITORS)] as const)
    for (const [, visitors] of pairs) await visitors.hurry(2)
    for (let round = 1; round <= ROUNDS; round += 1) {
      // Back and forth, so that neither always comes first.
      for (const [setup, visitors] of round % 2 === 0 ? pairs.toReversed() : pairs) {
        tell(`round ${round} of ${ROUNDS}: ${setup.way}`)
        await addCosts(costs[setup.way], setup, visitors)
      }
    }
    for (const [setup, visitors] of pairs) {
      tell(`what is lost: ${setup.way}`)
      losses[setup.way] = await measureLosses(setup, visitors)
      visitors.close()
    }
  } finally {
    await Promise.all(setups.map((setup) => setup.stop()))
  }
  return { costs, losses: losses as Contrast['losses'] }
}

async function addCosts(costs: Costs, setup: Setup, visitors: Visitors): Promise<void> {
  const before = setup.processor()
  const fast = await visitors.hurry(2)
  const after = setup.processor()
  costs.rate.push(fast.requests / fast.seconds)
  costs.gatewayUs.push(((after.gatewayMs - before.gatewayMs) * 1_000) / fast.requests)
  costs.behindUs.push(((after.behindMs - before.behindMs) * 1_000) / fast.requests)

  const commands = await sessionCommands(setup.redis)
  const steady = await visitors.stroll(3, RATE)
  costs.commands.push(((await sessionCommands(setup.redis)) - commands) / steady.requests)
  costs.p50Ms.push(quantile(steady, 0.5))
  costs.p99Ms.push(quantile(steady, 0.99))
}

/** Commands that clients have sent for sessions; what a script calls costs no round trip. */
async function sessionCommands(redis: Redis): Promise<number> {
  const calls = await redis.calls()
  const own = ['get', 'set', 'expire', 'del', 'ping', 'evalsha', 'eval']
  return own.reduce((sum, name) => sum + (calls.get(name) ?? 0), 0)
}

async function measureLosses(setup: Setup, visitors: Visitors): Promise<Losses> {
  const carts = await visitors.fillCarts(TOGETHER)
  const [server] = await Promise.all([
    visitors.stroll(4, RATE),
    pause(1_000).then(() => setup.killServer()),
  ])
  const [redis] = await Promise.all([
    visitors.stroll(6, RATE),
    pause(1_000)
      .then(() => setup.redis.kill())
      .then(() => pause(2_000))
      .then(() => setup.redis.start()),
  ])
  return { carts, server, redis }
}

function noCosts(): Costs {
  return { rate: [], gatewayUs: [], behindUs: [], p50Ms: [], p99Ms: [], commands: [] }
}

function quantile({ latencies }: Outcome, share: number): number {
  return latencies[Math.floor(latencies.length * share)] ?? Number.NaN
}

/** The contrast as rows of text, a line each. */
export function contrastRows({ costs, losses }: Contrast): string[][] {
  const cost = (title: string, field: keyof Costs, digits: number): string[] => [
    title,
    ...WAYS.map((way) => {
      const { median, low, high } = spreadOf(costs[way][field])
      return `${median.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`
    }),
  ]
  const loss = (title: string, of: (losses: Losses) => string): string[] => [
    title,
    ...WAYS.map((way) => of(losses[way])),
  ]
  const failed = ({ failed, requests }: Outcome): string => `${failed} of ${requests}`
  const lost = (outcome: Outcome): string => `${outcome.lost} of ${VISITORS}`
  return [
    ['', 'in the servers, sticky', 'in Redis, round robin'],
    cost('requests a second, 60 visitors at once', 'rate', 0),
    cost('processor µs a request, gateway', 'gatewayUs', 0),
    cost('processor µs a request, servers and Redis', 'behindUs', 0),
    cost(`p50 ms at ${RATE} requests a second`, 'p50Ms', 2),
    cost(`p99 ms at ${RATE} requests a second`, 'p99Ms', 2),
    cost('Redis commands a request', 'commands', 3),
    loss(
      `missing of ${TOGETHER} things put into a cart at once`,
      ({ carts }) => `${((TOGETHER * carts.missing) / carts.put).toFixed(1)}`,
    ),
    loss('a server is killed: requests failed', ({ server }) => failed(server)),
    loss('a server is killed: sessions lost', ({ server }) => lost(server)),
    loss('Redis is away for 2 s: requests failed', ({ redis }) => failed(redis)),
    loss('Redis is away for 2 s: sessions lost', ({ redis }) => lost(redis)),
  ]
}
