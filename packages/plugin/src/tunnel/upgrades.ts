import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { prefixEnd, prefixSegments } from '../request/target.js'
import { awaitUpgrade } from './pending-upgrade.js'
import { hasBody, serveWithoutUpgrade } from './without-upgrade.js'

/**
 * Takes the upgrades under our prefixes to Fastify's router, so that hooks and constraints hold
 * for them as for any request, and leaves the others to whoever listens for them.
 *
 * A listener cannot keep an event from the next one, and engine.io for one closes every socket
 * that is not its own. So the claim is made a step earlier, where the event is emitted.
 */
export class Upgrades {
  readonly #app: FastifyInstance
  /** The segments of each prefix. */
  readonly #prefixes: Array<readonly string[]> = []
  #attached = false

  constructor(app: FastifyInstance) {
    this.#app = app
  }

  /** Claims the upgrades under `prefix`; a segment `:name` stands for any. */
  claim(prefix: string): void {
    this.#prefixes.push(prefixSegments(prefix))
    if (!this.#attached) this.#attach(this.#app.server as Server)
  }

  #attach(server: Server): void {
    this.#attached = true
    const emit = server.emit.bind(server) as (event: string, ...values: unknown[]) => boolean
    const onUpgrade = (request: IncomingMessage, socket: Socket, early: Buffer): void =>
      this.#take(server, request, socket, early)
    server.emit = (event: string, ...values: unknown[]): boolean => {
      const [request, socket, early] = values
      if (event === 'upgrade' && this.#isOurs(request as IncomingMessage, server)) {
        onUpgrade(request as IncomingMessage, socket as Socket, early as Buffer)
        return true
      }
      return emit(event, ...values)
    }
    // Node only looks for upgrades while somebody listens.
    server.on('upgrade', ignore)
    this.#declineEarly(server)
  }

  /** Since 24.9 Node asks before it upgrades, and serves a request that is not to be as any other. */
  #declineEarly(server: Server): void {
    const asked: unknown = Reflect.get(server, 'shouldUpgradeCallback')
    if (typeof asked !== 'function') return
    Reflect.set(server, 'shouldUpgradeCallback', (request: IncomingMessage): unknown =>
      this.#isOurs(request, server) ? isTunnel(request) : asked.call(server, request),
    )
  }

  #isOurs(request: IncomingMessage, server: Server): boolean {
    // With nobody else listening, Node without us would have served it as an ordinary request.
    if (server.listenerCount('upgrade') === 1) return true
    const path = pathOf(request.url ?? '')
    return this.#prefixes.some((segments) => {
      const end = prefixEnd(path, segments)
      return end >= 0 && !this.#isElsewhere(request, path, path.slice(end + 1))
    })
  }

  /**
   * Whether Fastify would take the path to a route of the gateway's own, which may upgrade it
   * itself (@fastify/websocket): our routes end with the prefix, or match all behind it.
   */
  #isElsewhere({ headers }: IncomingMessage, path: string, rest: string): boolean {
    if (rest === '') return false
    const constraints = { host: headers.host ?? '' }
    const route = this.#app.findRoute({ url: path, method: 'GET', constraints })
    if (route === null) return false
    const matched: string | undefined = route.params['*']
    return matched === undefined || matched !== decoded(rest)
  }

  #take(server: Server, request: IncomingMessage, socket: Socket, early: Buffer): void {
    // An error before anybody else minds the socket would end the process.
    socket.on('error', () => socket.destroy())
    const earlier = responseOn(socket)
    if (earlier !== undefined) {
      // It came behind a request that is still being answered: answers keep the order.
      earlier.once('close', () => {
        if (!socket.destroyed) this.#take(server, request, socket, early)
      })
    } else if (isTunnel(request)) {
      this.#route(request, socket, early)
    } else {
      serveWithoutUpgrade(server, request, socket, early)
    }
  }

  #route(request: IncomingMessage, socket: Socket, early: Buffer): void {
    const reply = new ServerResponse(request)
    reply.shouldKeepAlive = false
    reply.assignSocket(socket)
    // An answer other than 101 ends the connection: its parser is gone.
    reply.on('finish', () => socket.destroySoon())
    awaitUpgrade(request, socket, early)
    this.#app.routing(request, reply)
  }
}

function ignore(): void {}

/** The response that Node is writing to a socket. */
function responseOn(socket: Socket): ServerResponse | undefined {
  const response: unknown = Reflect.get(socket, '_httpMessage')
  return response instanceof ServerResponse ? response : undefined
}

/** HTTP/2 on an open connection is no protocol to tunnel: its streams would pass unseen. */
function isTunnel(request: IncomingMessage): boolean {
  return !hasBody(request) && !/^h2c?$/i.test((request.headers.upgrade ?? '').trim())
}

function pathOf(target: string): string {
  const query = target.indexOf('?')
  const path = query < 0 ? target : target.slice(0, query)
  return path.startsWith('/') ? path : path.replace(/^https?:\/\/[^/]*/i, '')
}

/** As the router decodes what a wildcard matched. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
