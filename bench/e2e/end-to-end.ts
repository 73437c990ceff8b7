import { findProgram } from '../lib/machine.js'
import type { Tell } from '../surveys.js'
import type { EndToEndSource } from './figures.js'
import { type GatewayName, gatewayNamed } from './gateways.js'
import { measureRedisCommands, type RedisTurn, redisSettings } from './redis-commands.js'
import { measureSideBySide, type SideBySide, sideBySideSettings } from './side-by-side.js'
import { measureStarts } from './startup.js'
import { measureTransfer, type TransferRound, transferSettings } from './transfer.js'
import { measureTunnels, type TunnelRound, tunnelSettings } from './tunnel.js'
import { isInstalled, type Rounds } from './turns.js'

const PACKAGES: Readonly<Record<string, string>> = {
  taskset: 'util-linux',
  wrk: 'wrk',
  nginx: 'nginx-light',
  'redis-server': 'redis-server',
}

/** All rounds behind the figures of a run. */
export interface EndToEndData {
  sideBySide?: SideBySide
  transfers: Record<string, Rounds<TransferRound>>
  tunnels?: Rounds<TunnelRound>
  redis?: readonly RedisTurn[]
}

export const endToEndSettings = {
  sideBySide: sideBySideSettings,
  transfer: transferSettings,
  tunnel: tunnelSettings,
  redis: redisSettings,
}

/** Measures what is asked of it; what several figures need is measured once. */
export class EndToEnd {
  readonly data: EndToEndData = { transfers: {} }
  readonly #names: readonly GatewayName[]
  readonly #paced: boolean
  readonly #tell: Tell

  /**
   * @param names who is to run side by side
   * @param paced whether their latencies are wanted as well
   */
  constructor(names: readonly GatewayName[], paced: boolean, tell: Tell) {
    this.#names = names
    this.#paced = paced
    this.#tell = tell
  }

  /** The values of a figure, at least one, or why there are none. */
  async values(source: EndToEndSource): Promise<readonly number[] | string> {
    const wanted = source.kind === 'redis' ? ['redis-server', ...programs] : programs
    const missing = wanted.filter((program) => findProgram(program) === undefined)
    if (missing.length > 0) {
      const packages = missing.map((program) => PACKAGES[program])
      return `needs Linux, and ${missing.join(', ')}: apt-get install ${packages.join(' ')}`
    }
    const names = 'against' in source ? [source.of, source.against] : [source.of]
    const absent = names.find((name) => !isInstalled(gatewayNamed(name)))
    return absent === undefined ? this.#measure(source) : `${absent} is not installed`
  }

  async #measure(source: EndToEndSource): Promise<readonly number[]> {
    const { data } = this
    switch (source.kind) {
      case 'cost': {
        const { cost } = await this.sideBySide()
        return cost.ratios(source.of, source.against, ({ costUs }) => costUs)
      }
      case 'latency': {
        const { paced } = await this.sideBySide()
        return paced.ratios(source.of, source.against, ({ p99Ms }) => p99Ms)
      }
      case 'transfer': {
        const { of, against, bytes, connections } = source
        this.#tell(`bodies of ${bytes} bytes`)
        const rounds = await measureTransfer([of, against], bytes, connections)
        data.transfers[bytes] = rounds
        return rounds.ratios(of, against, ({ bytesRate }) => bytesRate)
      }
      case 'tunnel': {
        const { of, against } = source
        this.#tell('tunnels')
        data.tunnels = await measureTunnels([of, against])
        return data.tunnels.ratios(of, against, ({ costUs }) => costUs)
      }
      case 'redis':
        this.#tell('commands of Redis')
        data.redis = await measureRedisCommands(source.of)
        return data.redis.map(({ commandsARequest }) => commandsARequest)
      case 'start':
        this.#tell('starts')
        return measureStarts(source.of)
    }
  }

  async sideBySide(): Promise<SideBySide> {
    this.data.sideBySide ??= await measureSideBySide(this.#names, this.#paced, this.#tell)
    return this.data.sideBySide
  }
}

const programs: readonly string[] = ['taskset', 'wrk', 'nginx']
