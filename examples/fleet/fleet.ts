import { randomBytes } from 'node:crypto'
import stats from '@holdfast/stats'
import Fastify from 'fastify'
import { NodePart, type Part } from '../processes/part.js'
import { RedisPart } from '../processes/redis.js'
import type { ReplicaOptions } from './gateway.js'

export interface Fleet {
  readonly redis: Part
  readonly servers: readonly Part[]
  readonly gateways: readonly Part[]
  /** Where the dashboard of the whole fleet is, with the token that lets it act. */
  readonly dashboard: string
  /** Ends everything. */
  close(): Promise<void>
}

/** Starts Redis, three servers and three gateways, each a process, and the fleet's statistics. */
export async function startFleet(): Promise<Fleet> {
  const opened: Array<() => Promise<unknown>> = []
  const close = async () => {
    for (const end of opened.splice(0).reverse()) await end()
  }
  const start = async <T extends Part>(part: T): Promise<T> => {
    opened.push(() => part.kill())
    await part.start()
    return part
  }
  const script = (file: string): URL => new URL(file, import.meta.url)

  try {
    const redis = await start(new RedisPart())
    const servers = await Promise.all(
      names('shop').map((name) => start(new NodePart(name, script('server.js'), {}))),
    )
    const shared: ReplicaOptions = {
      redis: redis.url,
      // For this run only. Elsewhere it comes from the environment, the same for all replicas.
      key: randomBytes(32).toString('base64'),
      servers: servers.map(({ name, address }) => ({ id: name, address })),
    }
    const gateways = await Promise.all(
      names('gateway').map((name) => start(new NodePart(name, script('gateway.js'), shared))),
    )

    const adminToken = randomBytes(16).toString('hex')
    const statistics = Fastify({ forceCloseConnections: true })
    opened.push(() => statistics.close())
    await statistics.register(stats, { redis: redis.url, tokens: { admin: adminToken } })
    const origin = await statistics.listen({ host: '127.0.0.1', port: 0 })

    return { redis, servers, gateways, dashboard: `${origin}/#token=${adminToken}`, close }
  } catch (error) {
    await close()
    throw error
  }
}

function names(kind: string): readonly string[] {
  return [1, 2, 3].map((number) => `${kind}-${number}`)
}
