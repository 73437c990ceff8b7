import { randomUUID } from 'node:crypto'
import Fastify, { type FastifyInstance } from 'fastify'
import { listen } from './listen.js'

/** A server that keeps its sessions in its own memory, as most shops do before they grow. */
export interface ShopServer {
  readonly name: string
  /** `host:port`, the same after a stop and a start. */
  readonly address: string
  readonly running: boolean
  /** Visitors it remembers now. */
  readonly sessions: number
  start(): Promise<void>
  /** Closes the listener and every connection, and forgets everybody. */
  stop(): Promise<void>
}

interface Session {
  visits: number
  cart: string[]
}

const SHELF = ['tea', 'bread', 'plums', 'candle', 'pencil', 'soap', 'honey', 'string']
const SESSION_COOKIE = /(?:^|; *)shop_session=([\w-]+)/
const MOST_SESSIONS = 10_000

/** Makes a shop that listens at once; a `port` of 0 takes any free one. */
export async function startShopServer(
  name: string,
  host: string,
  port: number,
): Promise<ShopServer> {
  const sessions = new Map<string, Session>()
  let app: FastifyInstance | undefined = createShop(name, sessions)
  const bound = await listen(app, host, port, 'SHOP_PORT')

  return {
    name,
    address: `${host}:${bound}`,
    get running() {
      return app !== undefined
    },
    get sessions() {
      return sessions.size
    },
    async start() {
      if (app !== undefined) return
      app = createShop(name, sessions)
      try {
        await listen(app, host, bound, 'SHOP_PORT')
      } catch (error) {
        app = undefined
        throw error
      }
    },
    async stop() {
      const closing = app
      app = undefined
      sessions.clear()
      await closing?.close()
    },
  }
}

function createShop(name: string, sessions: Map<string, Session>): FastifyInstance {
  const app = Fastify({ forceCloseConnections: true })
  app.decorateRequest('session')

  app.addHook('onRequest', async (request, reply) => {
    const id = SESSION_COOKIE.exec(request.headers.cookie ?? '')?.[1]
    let session = id === undefined ? undefined : sessions.get(id)
    if (session === undefined) {
      // An id of another server's means nothing here: this visitor starts anew.
      const fresh = randomUUID()
      session = { visits: 0, cart: [] }
      forgetOldest(sessions)
      sessions.set(fresh, session)
      reply.header('set-cookie', `shop_session=${fresh}; Path=/; HttpOnly; SameSite=Lax`)
    }
    session.visits += 1
    request.setDecorator('session', session)
    reply.header('cache-control', 'no-store')
  })

  const answer = ({ visits, cart }: Session) => ({ server: name, visits, cart })
  app.get('/', (request) => answer(request.getDecorator('session')))
  app.post('/cart', (request) => {
    const session = request.getDecorator<Session>('session')
    session.cart.push(SHELF[session.cart.length % SHELF.length] ?? 'tea')
    return answer(session)
  })
  app.delete('/cart', (request) => {
    const session = request.getDecorator<Session>('session')
    session.cart.length = 0
    return answer(session)
  })
  return app
}

function forgetOldest(sessions: Map<string, Session>): void {
  if (sessions.size < MOST_SESSIONS) return
  for (const oldest of sessions.keys()) {
    sessions.delete(oldest)
    return
  }
}
