import {
  type IpcNetConnectOpts,
  isIP,
  connect as netConnect,
  type Socket,
  type TcpNetConnectOpts,
} from 'node:net'
import { checkServerIdentity, type SecureContext, connect as tlsConnect } from 'node:tls'
import type { Server, TlsConfig } from '@holdfast/core'
import type { Dial } from '../wire/connection.js'
import { hearLastWords } from './last-words.js'
import { secureContextOf } from './secure-context.js'

/** How long an established connection is silent before the system asks whether it still stands. */
const PROBE_AFTER_MS = 60_000

/** Opens connections to one server: by name, address or socket, with TLS or without. */
export class Dialer {
  /** The name that certificates are checked against; undefined without TLS. */
  readonly serverName: string | undefined

  readonly #where: TcpNetConnectOpts | IpcNetConnectOpts
  readonly #tls: TlsConfig
  /** Made once, and not for every connection. */
  #context: SecureContext | undefined
  /** The newest TLS session, which spares the next connection most of its handshake. */
  #session: Buffer | undefined

  constructor(server: Server, tls: TlsConfig) {
    const place = placeOf(server)
    this.#where = {
      ...place,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: PROBE_AFTER_MS,
    }
    this.#tls = tls
    const host = 'host' in place ? place.host : 'localhost'
    this.serverName = server.config.tls
      ? (tls.servername ?? resolvedFrom(server) ?? host)
      : undefined
  }

  /** Starts to connect; the socket says how that goes. */
  dial(): Dial {
    const { serverName } = this
    const socket = serverName === undefined ? netConnect(this.#where) : this.#secure(serverName)
    hearLastWords(socket)
    return { socket, ready: serverName === undefined ? 'connect' : 'secureConnect' }
  }

  #secure(serverName: string): Socket {
    this.#context ??= secureContextOf(this.#tls)
    const socket = tlsConnect({
      ...this.#where,
      secureContext: this.#context,
      rejectUnauthorized: this.#tls.verify,
      ALPNProtocols: ['http/1.1'],
      // An address is no name: it cannot stand in SNI (RFC 6066, 3).
      servername: isIP(serverName) === 0 ? serverName : '',
      checkServerIdentity: (_host, certificate) => checkServerIdentity(serverName, certificate),
      session: this.#session,
    })
    socket.on('session', (session) => {
      this.#session = session
    })
    return socket
  }
}

/** Where to connect to: a name or an address and its port, or the path of a socket. */
function placeOf({ address, config }: Server): { host: string; port: number } | { path: string } {
  if (/^unix:/i.test(address)) return { path: address.slice('unix:'.length) }
  const { hostname, port } = new URL(`${config.tls ? 'https' : 'http'}://${address}`)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (config.tls ? 443 : 80) }
}

/** The name whose address it is; certificates are for names. */
function resolvedFrom({ config }: Server): string | undefined {
  return config.name?.replace(/:\d+$/, '')
}
