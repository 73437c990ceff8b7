import { createServer } from 'node:http'
import type { ReplicaSnapshot } from '@holdfast/core'
import { latencyBoundsMs } from '@holdfast/core'
import { listen } from '@holdfast/test/fixtures/ports.js'
import type { Trial } from '../trial.js'

/** Replicas that do nothing but tell of servers that are busy. */
export interface ReplicaFarm {
  readonly urls: readonly string[]
}

export async function startReplicaFarm(
  trial: Trial,
  { replicas, servers }: { readonly replicas: number; readonly servers: number },
): Promise<ReplicaFarm> {
  const startedAt = Date.now()
  let told = 0
  let upstreams = ''
  const server = createServer((request, response) => {
    // Replicas tell the same of their servers, or writing that would be most of the work.
    if (told % replicas === 0) upstreams = JSON.stringify(upstreamsOf(servers, told))
    told += 1
    const replica = `gateway${(request.url ?? '').replace('/', '-')}`
    const facts = JSON.stringify(factsOf(replica, startedAt, told))
    response.setHeader('content-type', 'application/json')
    response.end(`${facts.slice(0, -1)},"upstreams":${upstreams}}`)
  })
  const port = await listen(server)
  trial.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { urls: Array.from({ length: replicas }, (_, i) => `http://127.0.0.1:${port}/${i}`) }
}

function factsOf(
  replica: string,
  startedAt: number,
  told: number,
): Omit<ReplicaSnapshot, 'upstreams'> {
  return {
    version: 1,
    replica,
    package: '0.1.0',
    configHash: 'soak',
    keyIds: [7],
    startedAt,
    at: startedAt + told,
    store: 'none',
  }
}

/** `told` makes every counter grow from one snapshot to the next. */
function upstreamsOf(servers: number, told: number): ReplicaSnapshot['upstreams'] {
  const counts = new Array<number>(latencyBoundsMs.length + 1).fill(told)
  return [
    {
      name: 'shop',
      balance: 'round-robin',
      sticky: 'cookie',
      affinity: { kept: told * 100, new: told, moved: { failed: told }, none: 0 },
      servers: Array.from({ length: servers }, (_, i) => ({
        id: `server-${i}`,
        address: `10.0.${i >> 8}.${i & 255}:8080`,
        state: 'up',
        weight: 1,
        effectiveWeight: 1,
        backup: false,
        maxFails: 3,
        failTimeoutS: 30,
        override: null,
        active: (i + told) % 7,
        tunnels: 0,
        attempts: told * 10,
        retries: 0,
        ejectedUntil: null,
        requests: told * 10,
        responses: { '1xx': 0, '2xx': told * 10, '3xx': 0, '4xx': 0, '5xx': 0 },
        fails: { connect: 0, timeout: 0, reset: 0, invalid: 0, status: 0 },
        ejections: 0,
        ejectionsDetected: 0,
        sessions: SESSIONS,
        latency: { bounds: latencyBoundsMs, counts, sum: told * 100 },
        bytes: { in: told, out: told },
      })),
    },
  ]
}

/** A sketch of twenty sessions. */
const SESSIONS = 'ABCBCDCDEDEFEFGFGHGHIHIJIJKJKLKLMLMNMNOBPBBQBCRBDSBETBFUBGVB'
