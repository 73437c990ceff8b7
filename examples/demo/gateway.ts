import { randomBytes } from 'node:crypto'
import holdfast, { serverOptions } from '@holdfast/plugin'
import Fastify, { type FastifyInstance } from 'fastify'
import type { ShopServer } from './shop-server.js'

/** A gateway before the shops: under `/shop`, each visitor stays with one server. */
export async function createGateway(shops: readonly ShopServer[]): Promise<FastifyInstance> {
  const app = Fastify({ ...serverOptions(), forceCloseConnections: true })

  // The page shows what the gateway decided; a real gateway would log it instead.
  app.addHook('onSend', async (request, reply) => {
    const { verdict, moved } = request.holdfast ?? {}
    if (verdict === undefined) return
    reply.header('demo-verdict', moved === undefined ? verdict : `${verdict}: ${moved}`)
  })

  await app.register(holdfast, {
    prefix: '/shop',
    upstream: {
      name: 'shop',
      // Short limits, so that a person sees an ejection begin and end.
      servers: shops.map(({ name, address }) => ({
        id: name,
        address,
        maxFails: 1,
        failTimeout: '5s',
      })),
      // A key for this run only. In production set your own (openssl rand -base64 32), or every
      // restart forgets who belongs where, and replicas do not understand each other's cookies.
      sticky: { cookie: 'shop_route', keys: [randomBytes(32).toString('base64')], idle: '3m' },
    },
  })
  return app
}
