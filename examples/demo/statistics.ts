import stats from '@holdfast/stats'
import Fastify, { type FastifyInstance } from 'fastify'

/**
 * The gateway's statistics on a listener of their own, which clients of the shop cannot reach.
 * Whoever has the token may drain servers and stop them.
 */
export async function createStatistics(
  gateway: FastifyInstance,
  adminToken: string,
): Promise<FastifyInstance> {
  const app = Fastify({ forceCloseConnections: true })
  await app.register(stats, { gateway: gateway.holdfast, tokens: { admin: adminToken } })
  return app
}
