import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createSecureServer, type Http2SecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { createSecureContext, type SecureContext } from 'node:tls'
import { serverOptions } from '@holdfast/plugin'
import type { FastifyInstance } from 'fastify'
import type { CertificateConfig, Endpoint, ListenConfig } from '../config/types.js'

type AnyServer = Server | Http2SecureServer

interface Listener {
  readonly server: AnyServer
  /** Replaced as a whole when certificates change. */
  certificates: Certificates | undefined
}

/** What listens for clients. The app behind it may be exchanged at any time. */
export class Listeners {
  readonly #listeners = new Map<string, Listener>()
  #app: FastifyInstance | undefined

  /** From now on requests go to `app`; those under way stay where they are. */
  use(app: FastifyInstance): void {
    this.#app = app
  }

  /**
   * Opens what is new, closes what is gone, and takes over new certificates.
   * @returns the addresses that are new, as URLs.
   * @throws what node throws for an address that cannot be had; what was open stays open.
   */
  async follow(wanted: readonly ListenConfig[]): Promise<readonly string[]> {
    const missing = wanted.filter((config) => !this.#listeners.has(keyOf(config)))
    const opened = await this.#openAll(missing)
    for (const config of wanted) {
      const known = this.#listeners.get(keyOf(config))
      if (known !== undefined && config.tls !== undefined) this.#renew(known, config.tls)
    }
    const keys = new Set(wanted.map(keyOf))
    for (const key of this.#listeners.keys()) {
      if (!keys.has(key)) this.#forget(key)
    }
    return opened
  }

  /** Takes no more connections. */
  stop(): void {
    for (const { server } of this.#listeners.values()) closeGently(server)
  }

  /** Ends all connections; nothing that matters may be under way any more. */
  close(): void {
    for (const { server } of this.#listeners.values()) {
      closeGently(server)
      if ('closeAllConnections' in server) server.closeAllConnections()
    }
    this.#listeners.clear()
  }

  async #openAll(configs: readonly ListenConfig[]): Promise<readonly string[]> {
    const urls: string[] = []
    for (const [index, config] of configs.entries()) {
      try {
        urls.push(await this.#open(config))
      } catch (error) {
        for (const earlier of configs.slice(0, index)) this.#forget(keyOf(earlier))
        throw error
      }
    }
    return urls
  }

  #forget(key: string): void {
    const listener = this.#listeners.get(key)
    this.#listeners.delete(key)
    if (listener !== undefined) closeGently(listener.server)
  }

  async #open(config: ListenConfig): Promise<string> {
    const certificates = config.tls && new Certificates(config.tls)
    const server =
      certificates === undefined
        ? plainServer()
        : secureServer(certificates, () => listener.certificates)
    const listener: Listener = { server, certificates }
    this.#attach(server)
    server.listen(listenOptions(config))
    await once(server, 'listening')
    this.#listeners.set(keyOf(config), listener)
    return urlOf(config, server)
  }

  #attach(server: AnyServer): void {
    const events = server as Server
    events.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#app?.routing(request, response)
    })
    events.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#app?.server.emit('upgrade', request, socket, head)
    })
    events.on('clientError', (error: Error, socket: Duplex) => {
      this.#app?.server.emit('clientError', error, socket)
    })
  }

  #renew(listener: Listener, configs: readonly CertificateConfig[]): void {
    const certificates = new Certificates(configs)
    listener.certificates = certificates
    const { server } = listener
    if ('setSecureContext' in server) server.setSecureContext(certificates.first)
  }
}

/** Certificates by the names that they are for. */
class Certificates {
  readonly first: CertificateConfig
  readonly #all: ReadonlyArray<{ readonly x509: X509Certificate; readonly context: SecureContext }>

  /** @throws what node throws for PEM that is none, or a key that is another certificate's. */
  constructor(configs: readonly CertificateConfig[]) {
    const [first = { cert: '', key: '' }] = configs
    this.first = first
    this.#all = configs.map((config) => ({
      x509: new X509Certificate(config.cert),
      context: createSecureContext({ cert: config.cert, key: config.key }),
    }))
  }

  contextFor(name: string): SecureContext | undefined {
    const match = this.#all.find(({ x509 }) => x509.checkHost(name) !== undefined)
    return (match ?? this.#all[0])?.context
  }
}

function plainServer(): Server {
  const { keepAliveTimeout, requestTimeout } = serverOptions()
  return createServer({ keepAliveTimeout, requestTimeout })
}

function secureServer(
  certificates: Certificates,
  current: () => Certificates | undefined,
): Http2SecureServer {
  const server = createSecureServer({
    allowHTTP1: true,
    ...certificates.first,
    SNICallback: (name, done) => done(null, current()?.contextFor(name)),
  })
  const { keepAliveTimeout, requestTimeout } = serverOptions()
  return Object.assign(server, { keepAliveTimeout, requestTimeout })
}

function keyOf({ text, tls }: ListenConfig): string {
  return `${tls === undefined ? 'http' : 'https'} ${text}`
}

export function listenOptions({ host, port, path }: Endpoint): object {
  return path === undefined ? { host, port } : { path }
}

function urlOf({ path, tls }: ListenConfig, server: AnyServer): string {
  if (path !== undefined) return `unix:${path}`
  const { address, family, port } = server.address() as AddressInfo
  const host = family === 'IPv6' ? `[${address}]` : address
  return `${tls === undefined ? 'http' : 'https'}://${host}:${port}`
}

/** Only the listening ends; connections live on until their requests are answered. */
function closeGently(server: AnyServer): void {
  if (server.listening) server.close()
}
