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

  app.get('/demo/state', (_request, reply) => {
    const seen = app.holdfast.get('shop').snapshot().servers
    const servers = shops.map(({ name, address, running, sessions }) => {
      const server = seen.find(({ id }) => id === name)
      const { state = 'unknown', requests = 0 } = server ?? {}
      return { name, address, running, sessions, gateway: state, requests }
    })
    return reply.header('cache-control', 'no-store').send({ statistics, servers })
  })

  app.post<{ Params: { name: string; action: string } }>(
    '/demo/servers/:name/:action',
    { schema: { params: ACTION } },
    async ({ params }, reply) => {
      const shop = shops.find(({ name }) => name === params.name)
      if (shop === undefined) return reply.code(404).send({ error: 'There is no such server' })
      await (params.action === 'stop' ? shop.stop() : shop.start())
      return reply.code(204).send()
    },
  )
}
