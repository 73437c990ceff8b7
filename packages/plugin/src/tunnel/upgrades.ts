import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'

/** A client that asked for another protocol, and what it said already. */
export interface PendingUpgrade {
  /** What the Upgrade field asks for. */
  readonly protocol: string
  readonly socket: Duplex
  /** Bytes that came behind the head; for the server, once it has agreed. */
  readonly early: Buffer
}

const pending = Symbol('holdfast.upgrade')

/** The upgrade that `request` asks for; undefined for an ordinary request. */
export function pendingUpgrade(request: IncomingMessage): PendingUpgrade | undefined {
  return Reflect.get(request, pending) as PendingUpgrade | undefined
}

/**
 * Takes the upgrades under our prefixes to Fastify's router, so that hooks and constraints hold
 * for them as for any request, and leaves the others to whoever listens for them.
 *
 * A listener cannot keep an event from the next one, and engine.io for one closes every socket
 * that is not its own. So the claim is made a step earlier, where the event is emitted.
 */
export class Upgrades {
  readonly #app: FastifyInstance
  readonly #prefixes: string[] = []
  /** Paths under our prefixes that routes of the gateway upgrade themselves (@fastify/websocket). */
  readonly #others: string[] = []
  #attached = false

  constructor(app: FastifyInstance) {
    this.#app = app
    app.addHook('onRoute', (route) => {
      if (Reflect.get(route, 'websocket') === true) this.#others.push(staticPart(route.url))
    })
  }

  /** Claims the upgrades under `prefix`; the most telling prefix of all wins. */
  claim(prefix: string): void {
    this.#prefixes.push(prefix.replace(/\/+$/, ''))
    if (!this.#attached) this.#attach(this.#app.server as Server)
  }

  #attach(server: Server): void {
    this.#attached = true
    const emit = server.emit.bind(server) as (event: string, ...values: unknown[]) => boolean
    const onUpgrade = (request: IncomingMessage, socket: Duplex, early: Buffer): void =>
      this.#route(request, socket, early)
    server.emit = (event: string, ...values: unknown[]): boolean => {
      const [request, socket, early] = values
      if (event === 'upgrade' && this.#isOurs(request as IncomingMessage, server)) {
        onUpgrade(request as IncomingMessage, socket as Duplex, early as Buffer)
        return true
      }
      return emit(event, ...values)
    }
    // Node only looks for upgrades while somebody listens.
    server.on('upgrade', ignore)
  }

  #isOurs(request: IncomingMessage, server: Server): boolean {
    // With nobody else listening, Node without us would have served it as an ordinary request.
    if (server.listenerCount('upgrade') === 1) return true
    const path = pathOf(request.url ?? '')
    const claimed = this.#prefixes.some((prefix) => isUnder(path, prefix))
    return claimed && !this.#others.some((other) => isUnder(path, other))
  }

  #route(request: IncomingMessage, socket: Duplex, early: Buffer): void {
    const protocol = request.headers.upgrade ?? ''
    const reply = new ServerResponse(request)
    reply.shouldKeepAlive = false
    reply.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0])
    // An answer other than 101 ends the connection: its parser is gone.
    reply.on('finish', () => socket.end())
    // An error before anybody else minds the socket would end the process.
    socket.on('error', () => socket.destroy())
    // HTTP/2 on an open connection is no protocol to tunnel: its streams would pass unseen.
    if (!/^h2c?$/i.test(protocol.trim())) {
      Reflect.set(request, pending, { protocol, socket, early } satisfies PendingUpgrade)
    }
    this.#app.routing(request, reply)
  }
}

function ignore(): void {}

function pathOf(target: string): string {
  const query = target.indexOf('?')
  const path = query < 0 ? target : target.slice(0, query)
  return path.startsWith('/') ? path : path.replace(/^https?:\/\/[^/]*/i, '')
}

function isUnder(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`)
}

/** A route's path up to its first parameter. */
function staticPart(url: string): string {
  return url.replace(/\/?[:*].*$/, '').replace(/\/+$/, '')
}
