import type { GatewayName } from './gateways.js'
import { LOAD_CORE, type NodeProcess, type Running, startNode } from './process.js'
import { Rounds, takeTurns, withSet } from './turns.js'

const SETS = 3
const TURNS = 4
const TURN_S = 1
const WARM_UP_S = 2
const TUNNELS = 50
const MESSAGE_BYTES = 100

/** WebSocket messages there and back through a gateway for one turn. */
export interface TunnelRound {
  readonly echoes: number
  /** Processor time of the gateway for a message there and back, in microseconds. */
  readonly costUs: number
}

export const tunnelSettings = {
  sets: SETS,
  turns: TURNS,
  turnS: TURN_S,
  tunnels: TUNNELS,
  messageBytes: MESSAGE_BYTES,
}

/** Sends messages through tunnels of all gateways in turn. */
export async function measureTunnels(names: readonly GatewayName[]): Promise<Rounds<TunnelRound>> {
  const rounds = new Rounds<TunnelRound>()
  const server = await startNode(LOAD_CORE, 'e2e/echo-server.js', [])
  try {
    for (let set = 1; set <= SETS; set += 1) {
      await withSet(names, [`127.0.0.1:${server.port}`], loader, (contenders) =>
        takeTurns(TURNS, contenders, async ({ name, running, load }) => {
          const beforeMs = running.processorMs()
          const echoes = await echo(load, TURN_S)
          rounds.add(name, {
            echoes,
            costUs: ((running.processorMs() - beforeMs) * 1_000) / echoes,
          })
        }),
      )
    }
  } finally {
    await server.stop()
  }
  return rounds
}

const loader = {
  async warm({ port }: Running): Promise<NodeProcess> {
    const args = [port, TUNNELS, MESSAGE_BYTES].map(String)
    const load = await startNode(LOAD_CORE, 'e2e/tunnel-load.js', args)
    await echo(load, WARM_UP_S)
    return load
  },
  end: (load: NodeProcess): Promise<void> => load.stop(),
}

async function echo(load: NodeProcess, seconds: number): Promise<number> {
  const { echoes } = (await load.ask({ seconds })) as { readonly echoes: number }
  return echoes
}
