import cookie from '@fastify/cookie'
import session from '@fastify/session'
import { RedisStore } from 'connect-redis'
import Fastify, { type FastifyInstance } from 'fastify'
import { createClient } from 'redis'

declare module 'fastify' {
  interface Session {
    visits?: number
    cart?: string[]
  }
}

export interface ShopOptions {
  /** How it calls itself in its answers. */
  readonly name: string
  /** Signs session ids; the same on all servers that share their sessions. */
  readonly secret: string
  /** Where all servers keep their sessions; undefined: each in its own memory. */
  readonly redis: string | undefined
}

/** A shop with a cart. Where it keeps its sessions is one line; nothing else knows of it. */
export async function createShop({ name, secret, redis }: ShopOptions): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(cookie)
  await app.register(session, {
    secret,
    cookie: { secure: false, sameSite: 'lax' },
    ...(redis !== undefined && { store: await sharedStore(app, redis) }),
  })

  app.addHook('preHandler', async ({ session }) => {
    session.visits = (session.visits ?? 0) + 1
  })
  app.get('/', ({ session: { visits, cart = [] } }) => ({ server: name, visits, cart }))
  app.post('/cart', ({ session }) => {
    session.cart = [...(session.cart ?? []), 'tea']
    return { server: name, visits: session.visits, cart: session.cart }
  })
  return app
}

async function sharedStore(app: FastifyInstance, url: string): Promise<RedisStore> {
  // Without its queue a request fails at once while Redis is away, and does not wait for it.
  const client = createClient({ url, disableOfflineQueue: true })
  // It connects again by itself; without a listener an error would end the process.
  client.on('error', () => {})
  await client.connect()
  app.addHook('onClose', async () => client.destroy())
  return new RedisStore({ client, prefix: 'session:' })
}
