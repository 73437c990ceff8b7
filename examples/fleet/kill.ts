import type { Part } from '../processes/part.js'
import type { Fleet } from './fleet.js'
import { type Count, Visitors } from './visitors.js'

/** A part of the fleet that was killed, and what visitors noticed of it until it was back. */
export interface Killing extends Count {
  readonly what: string
}

/** For how long each part is away, and how many requests a second come meanwhile. */
export interface Pace {
  readonly seconds: number
  readonly perSecond: number
}

/** Kills one server, one gateway and Redis in turn while visitors come, and brings each back. */
export async function killInTurn(
  { redis, servers, gateways }: Fleet,
  pace: Pace,
  tell: (killing: Killing) => void,
): Promise<readonly Killing[]> {
  const visitors = new Visitors(gateways)
  const come = (): Promise<Count> => visitors.come(pace.seconds, pace.perSecond)
  const killings: Killing[] = []
  const note = (what: string, count: Count): void => {
    const killing = { what, ...count }
    killings.push(killing)
    tell(killing)
  }
  try {
    note('nothing', await come())
    for (const part of [servers[1], gateways[1], redis]) {
      if (part === undefined) continue
      note(part.name, await killDuring(part, come))
      await part.start()
    }
    note('nothing, afterwards', await come())
  } finally {
    visitors.close()
  }
  return killings
}

async function killDuring(part: Part, come: () => Promise<Count>): Promise<Count> {
  const count = come()
  await part.kill()
  return count
}
