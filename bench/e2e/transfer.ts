import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { GatewayName } from './gateways.js'
import { Load, type LoadResult } from './load.js'
import { type Running, startServers } from './process.js'
import { Rounds, takeTurns, withSet } from './turns.js'

const SERVERS = 3
const SETS = 3
const TURNS = 4
const TURN_S = 1
const WARM_UP_S = 2

/** Bodies of one size, through a gateway for one turn. */
export interface TransferRound extends LoadResult {
  /** The share of its core that the gateway had; near 1 it was the gateway that limited the rate. */
  readonly busy: number
}

export const transferSettings = { servers: SERVERS, sets: SETS, turns: TURNS, turnS: TURN_S }

/** Lets clients download bodies of `bytes` through all gateways in turn. */
export async function measureTransfer(
  names: readonly GatewayName[],
  bytes: number,
  connections: number,
): Promise<Rounds<TransferRound>> {
  const rounds = new Rounds<TransferRound>()
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  writeFileSync(join(folder, 'body'), Buffer.alloc(bytes, 'x'))
  const servers = await startServers(
    SERVERS,
    (port) => `server {
      listen 127.0.0.1:${port};
      location / { return 200 "hello\\n"; }
      location = /body { root ${folder}; }
    }`,
  )
  const loader = {
    async warm({ port }: Running): Promise<Load> {
      const load = await Load.begin(port, { path: '/body', connections })
      await load.run(WARM_UP_S)
      return load
    },
    end: (load: Load): void => load.end(),
  }
  try {
    for (let set = 1; set <= SETS; set += 1) {
      await withSet(names, servers.addresses, loader, (contenders) =>
        takeTurns(TURNS, contenders, async ({ name, running, load }) => {
          const beforeMs = running.processorMs()
          const startMs = performance.now()
          const result = await load.run(TURN_S)
          const busy = (running.processorMs() - beforeMs) / (performance.now() - startMs)
          rounds.add(name, { busy, ...result })
        }),
      )
    }
  } finally {
    await servers.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  return rounds
}
