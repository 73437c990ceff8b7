import type { FastifyInstance } from 'fastify'
import type { ShopServer } from './shop-server.js'

export interface ControlsOptions {
  readonly shops: readonly ShopServer[]
  /** Where the statistics are, for the page's link. */
  readonly statistics: string
}

const ACTION = {
  type: 'object',
  properties: { action: { type: 'string', enum: ['start', 'stop'] } },
}

/** What the page asks for: how the servers are, and to stop and start them. */
export async function controls(app: FastifyInstance, options: ControlsOptions): Promise<void> {
  const { shops, statistics } = options

  const state = () => {
    const seen = app.holdfast.get('shop').snapshot().servers
    return {
      statistics,
      servers: shops.map(({ name, address, running, sessions }) => {
        const server = seen.find(({ id }) => id === name)
        return {
          name,
          address,
          running,
          sessions,
          gateway: server?.state ?? 'unknown',
          requests: server?.requests ?? 0,
        }
      }),
    }
  }

  app.get('/demo/state', (_request, reply) =>
    reply.header('cache-control', 'no-store').send(state()),
  )

  app.post<{ Params: { name: string; action: string } }>(
    '/demo/servers/:name/:action',
    { schema: { params: ACTION } },
    async ({ params }, reply) => {
      const shop = shops.find(({ name }) => name === params.name)
      if (shop === undefined) return reply.code(404).send({ error: 'There is no such server' })
      await (params.action === 'stop' ? shop.stop() : shop.start())
      return state()
    },
  )
}
