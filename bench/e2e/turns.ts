import { findProgram } from '../lib/machine.js'
import { type Gateway, type GatewayName, gatewayNamed } from './gateways.js'
import { type Running, startGateway } from './process.js'

/** A gateway that is warm, and what loads it. */
export interface Contender<Load> {
  readonly name: GatewayName
  readonly running: Running
  readonly load: Load
}

/** How a gateway is brought under load. */
export interface Loader<Load> {
  /** Begins the load and keeps it up until the gateway is warm. */
  warm(running: Running): Promise<Load>
  end(load: Load): void | Promise<void>
}

/** Whether it can be run here. */
export function isInstalled(gateway: Gateway): boolean {
  return gateway.kind === 'node' || findProgram(gateway.program) !== undefined
}

/**
 * Starts those of the gateways that are there, one after the other, and ends them when `play` has.
 * Every set has fresh processes, whose code is compiled anew.
 */
export async function withSet<Load>(
  names: readonly GatewayName[],
  servers: readonly string[],
  loader: Loader<Load>,
  play: (contenders: ReadonlyArray<Contender<Load>>) => Promise<void>,
): Promise<void> {
  const contenders: Array<Contender<Load>> = []
  try {
    for (const name of names) {
      const gateway = gatewayNamed(name)
      if (!isInstalled(gateway)) continue
      const running = await startGateway(gateway, servers)
      contenders.push({ name, running, load: await loader.warm(running) })
    }
    await play(contenders)
  } finally {
    for (const { running, load } of contenders) {
      await loader.end(load)
      await running.stop()
    }
  }
}

/**
 * Turns are short, so that what else goes on in the machine meets all alike: there and back again,
 * so that nobody always comes after the same neighbour.
 */
export async function takeTurns<One>(
  turns: number,
  contenders: readonly One[],
  round: (one: One, turn: number) => Promise<void>,
): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    for (const one of turn % 2 === 0 ? contenders : contenders.toReversed()) await round(one, turn)
  }
}

/** What each gateway had, in the order of its turns: the rounds of two at one place are a pair. */
export class Rounds<Round> {
  readonly #of = new Map<GatewayName, Round[]>()

  add(name: GatewayName, round: Round): void {
    const rounds = this.#of.get(name) ?? []
    rounds.push(round)
    this.#of.set(name, rounds)
  }

  of(name: GatewayName): readonly Round[] {
    return this.#of.get(name) ?? []
  }

  /** One ratio a pair; none when either was not there. */
  ratios(name: GatewayName, against: GatewayName, value: (round: Round) => number): number[] {
    const others = this.of(against)
    return this.of(name).flatMap((round, turn) => {
      const other = others[turn]
      return other === undefined ? [] : [value(round) / value(other)]
    })
  }

  toJSON(): Readonly<Record<string, readonly Round[]>> {
    return Object.fromEntries(this.#of)
  }
}
