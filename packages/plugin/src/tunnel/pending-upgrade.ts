import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

/** Bytes kept for a server that has not agreed yet; a client with more to say has to wait. */
const EARLY_MOST = 65_536

const pending = Symbol('holdfast.upgrade')

/** The upgrade that `request` asks for; undefined for an ordinary request. */
export function pendingUpgrade(request: IncomingMessage): PendingUpgrade | undefined {
  return Reflect.get(request, pending) as PendingUpgrade | undefined
}

/** Marks `request` as one that asks for an upgrade, with what came behind its head. */
export function awaitUpgrade(request: IncomingMessage, socket: Socket, early: Buffer): void {
  Reflect.set(request, pending, new PendingUpgrade(request.headers.upgrade ?? '', socket, early))
}

/**
 * A client that asked for another protocol and waits for the server's word. Only a socket that is
 * read tells that its client has left, so what comes meanwhile is taken in and kept.
 */
export class PendingUpgrade {
  /** What the Upgrade field asks for. */
  readonly protocol: string
  readonly socket: Socket
  readonly #early: Buffer[] = []
  #bytes = 0

  constructor(protocol: string, socket: Socket, early: Buffer) {
    this.protocol = protocol
    this.socket = socket
    socket.on('data', this.#keep)
    socket.on('end', this.#leave)
    this.#keep(early)
  }

  /** Leaves the socket to whoever reads it next, with all that has come on it. */
  release(): Socket {
    const { socket } = this
    socket.off('data', this.#keep)
    socket.off('end', this.#leave)
    socket.pause()
    if (this.#bytes > 0) socket.unshift(Buffer.concat(this.#early))
    return socket
  }

  readonly #keep = (chunk: Buffer): void => {
    this.#early.push(chunk)
    this.#bytes += chunk.length
    if (this.#bytes >= EARLY_MOST) this.socket.pause()
  }

  // Half a tunnel is of no use to anybody.
  readonly #leave = (): void => {
    this.socket.destroy()
  }
}
