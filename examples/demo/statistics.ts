import stats from '@holdfast/stats'
import Fastify, { type FastifyInstance } from 'fastify'

/** The gateway's statistics on a listener of their own, which clients of the shop cannot reach. */
export async function createStatistics(gateway: FastifyInstance): Promise<FastifyInstance> {
  const app = Fastify({ forceCloseConnections: true })
  await app.register(stats, { source: () => gateway.holdfast.snapshot() })
  return app
}
