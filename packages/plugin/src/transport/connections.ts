import type { Socket } from 'node:net'
import { isIP } from 'node:net'
import type { Server, TlsConfig } from '@holdfast/core'
import { buildConnector, Client } from 'undici'
import { hearLastWords } from './last-words.js'

/** undici's own timers are off: deadlines are ours, and exact. */
const NO_TIMEOUT = 0

/** How long an idle connection is kept where the server does not say; nginx's keepalive_timeout. */
const IDLE_MS = 60_000

/** The longest a server may ask for. */
const IDLE_MOST_MS = 600_000

/** Idle connections kept a server; more are closed as they come back. */
const IDLE_MOST = 256

/** One connection to a server, busy with one request or idle. */
export class Connection {
  readonly client: Client
  /** Set as soon as it is being dialled, so that a dial that hangs can be given up. */
  socket: Socket | undefined
  /** Whether a request has gone over it before: the server may have closed it meanwhile. */
  used = false
  /** Where the connection is while it is idle: only its pool looks at it. */
  idle = false
  closed = false

  constructor(client: Client) {
    this.client = client
  }

  /** Ends it at once; a request on it fails with `reason`. */
  destroy(reason: Error | null = null): void {
    this.closed = true
    this.client.destroy(reason).catch(() => {})
    this.socket?.destroy()
  }
}

/**
 * The connections to one server. undici's Pool hides whether a request gets a used connection,
 * and without that a stale one cannot be told from a server that is failing.
 */
export class Connections {
  /**
   * The name that certificates are checked against and that undici keeps a client by; undefined
   * without TLS. Left to itself undici would take it from every request's Host.
   */
  readonly serverName: string | undefined

  readonly #origin: string
  readonly #connect: ReturnType<typeof buildConnector>
  readonly #sni: string | undefined
  readonly #idle: Connection[] = []
  #closed = false

  /** The configuration that they were made for. */
  #config: Server['config']

  constructor(server: Server, tls: TlsConfig) {
    this.#config = server.config
    const target = targetOf(server)
    this.#origin = target.origin
    const name = tls.servername ?? resolvedFrom(server) ?? target.hostname
    this.serverName = server.config.tls ? name : undefined
    // An address is no name: it cannot stand in SNI (RFC 6066, 3).
    this.#sni = isIP(name) === 0 ? name : undefined
    this.#connect = buildConnector(connectorOptions(tls, target.socketPath))
  }

  /** Whether they lead where `server` is now: to that name, with TLS or without. */
  leadTo({ config }: Server): boolean {
    if (config === this.#config) return true
    const same = config.tls === this.#config.tls && config.name === this.#config.name
    if (same) this.#config = config
    return same
  }

  /** The connection that was idle last, or a new one; always a new one when `fresh`. */
  take(fresh: boolean): Connection {
    const idle = fresh ? undefined : this.#idle.pop()
    if (idle !== undefined) {
      idle.idle = false
      return idle
    }
    return this.#open()
  }

  /** Takes a connection back after a complete exchange. */
  give(connection: Connection): void {
    if (connection.closed) return
    if (this.#closed || this.#idle.length >= IDLE_MOST) {
      connection.destroy()
      return
    }
    connection.used = true
    connection.idle = true
    this.#idle.push(connection)
  }

  get idleCount(): number {
    return this.#idle.length
  }

  /** Closes what is idle now and what comes back later. */
  close(): void {
    this.#closed = true
    for (const connection of this.#idle.splice(0)) connection.destroy()
  }

  #open(): Connection {
    const client = new Client(this.#origin, {
      connect: (options, callback) => {
        const dial = { ...options, servername: this.#sni }
        // The connector returns its socket at once, though its type does not say so.
        const socket = this.#connect(dial as typeof options, callback) as unknown as Socket
        hearLastWords(socket)
        connection.socket = socket
      },
      pipelining: 1,
      headersTimeout: NO_TIMEOUT,
      bodyTimeout: NO_TIMEOUT,
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MOST_MS,
    })
    const connection = new Connection(client)
    // Left to itself the client would connect anew for its next request; ours is one connection.
    client.once('disconnect', () => {
      connection.closed = true
      if (connection.idle) this.#forget(connection)
      client.destroy().catch(() => {})
    })
    return connection
  }

  #forget(connection: Connection): void {
    const index = this.#idle.indexOf(connection)
    if (index >= 0) this.#idle.splice(index, 1)
  }
}

function connectorOptions(
  tls: TlsConfig,
  socketPath: string | undefined,
): buildConnector.BuildOptions {
  const options: buildConnector.BuildOptions = {
    timeout: NO_TIMEOUT,
    rejectUnauthorized: tls.verify,
  }
  if (socketPath !== undefined) options.socketPath = socketPath
  if (tls.ca !== undefined) options.ca = tls.ca as string | Buffer | Array<string | Buffer>
  if (tls.cert !== undefined) options.cert = tls.cert
  if (tls.key !== undefined) options.key = tls.key
  return options
}

function targetOf(server: Server): { origin: string; hostname: string; socketPath?: string } {
  const scheme = server.config.tls ? 'https' : 'http'
  const { address } = server
  if (/^unix:/i.test(address)) {
    const socketPath = address.slice('unix:'.length)
    return { origin: `${scheme}://localhost`, hostname: 'localhost', socketPath }
  }
  const { hostname } = new URL(`${scheme}://${address}`)
  return { origin: `${scheme}://${address}`, hostname: hostname.replace(/^\[|\]$/g, '') }
}

/** The name whose address it is; certificates are for names. */
function resolvedFrom({ config }: Server): string | undefined {
  return config.name?.replace(/:\d+$/, '')
}
