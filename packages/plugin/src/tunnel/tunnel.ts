import type { Duplex } from 'node:stream'
import { Deadline, type Deadlines } from '../transport/deadlines.js'
import { FrameScanner, goingAway, goingAwayMasked } from './frames.js'

/** How long both ends have to answer a Close frame before they are cut off. */
const FAREWELL_MS = 2_000

/** What a tunnel is made of and whom it tells of its end. */
export interface TunnelEnds {
  readonly client: Duplex
  readonly server: Duplex
  /** WebSocket frames flow here, so the ends can be told that the gateway goes away. */
  readonly webSocket: boolean
  readonly deadlines: Deadlines
  /** Milliseconds of silence in both directions that end it; 0 is no limit. */
  readonly idleMs: number
  /** Called once, with the bytes that went to the server and came from it. */
  onClose(toServer: number, toClient: number): void
}

/**
 * Bytes both ways between a client and a server, as they come. A slow end slows the other down;
 * an end that closes takes the other with it once it has what was on its way.
 */
export class Tunnel {
  readonly #ends: TunnelEnds
  readonly #toServer: Direction
  readonly #toClient: Direction
  readonly #deadline: Deadline
  readonly #leavers: Array<() => void> = []
  #closed = false

  constructor(ends: TunnelEnds) {
    this.#ends = ends
    const { client, server, webSocket } = ends
    const active = (): void => this.#awaitIdle()
    this.#toServer = new Direction(client, server, webSocket ? goingAwayMasked : undefined, active)
    this.#toClient = new Direction(server, client, webSocket ? goingAway : undefined, active)
    this.#deadline = new Deadline(() => this.destroy())
    client.on('error', () => this.destroy())
    server.on('error', () => this.destroy())
    client.on('close', () => this.#onClose(client, server))
    server.on('close', () => this.#onClose(server, client))
    if (ends.idleMs > 0)
      ends.deadlines.schedule(this.#deadline, ends.deadlines.nowMs() + ends.idleMs)
    this.#toServer.start()
    this.#toClient.start()
  }

  /** Tells both ends that the gateway goes away; resolves when the tunnel has ended. */
  async leave(): Promise<void> {
    if (this.#closed) return
    const { deadlines } = this.#ends
    this.#toServer.leave()
    this.#toClient.leave()
    deadlines.schedule(this.#deadline, deadlines.nowMs() + FAREWELL_MS)
    await new Promise<void>((resolve) => {
      this.#leavers.push(resolve)
    })
  }

  /** Cuts both ends off. */
  destroy(): void {
    if (this.#closed) return
    this.#closed = true
    const { client, server, deadlines, onClose } = this.#ends
    deadlines.cancel(this.#deadline)
    client.destroy()
    server.destroy()
    onClose(this.#toServer.bytes, this.#toClient.bytes)
    for (const resolve of this.#leavers) resolve()
  }

  /** An end that has said all it had to say leaves the other time to take that. */
  #onClose(end: Duplex, other: Duplex): void {
    if (!end.readableEnded || other.writableFinished || other.destroyed) this.destroy()
    else other.once('finish', () => this.destroy())
  }

  #awaitIdle(): void {
    const { deadlines, idleMs } = this.#ends
    if (idleMs > 0 && !this.#toClient.leaving) this.#deadline.dueMs = deadlines.nowMs() + idleMs
  }
}

/** One direction of a tunnel. */
class Direction {
  readonly #from: Duplex
  readonly #to: Duplex
  readonly #farewell: Buffer | undefined
  readonly #scanner: FrameScanner | undefined
  readonly #onActive: () => void
  bytes = 0
  leaving = false
  #left = false

  constructor(from: Duplex, to: Duplex, farewell: Buffer | undefined, onActive: () => void) {
    this.#from = from
    this.#to = to
    this.#farewell = farewell
    this.#scanner = farewell && new FrameScanner()
    this.#onActive = onActive
  }

  start(): void {
    this.#from.on('data', (chunk: Buffer) => this.#pass(chunk))
    this.#from.on('end', () => this.#to.end())
    this.#to.on('drain', () => this.#from.resume())
    this.#from.resume()
  }

  /** Ends the direction with a Close frame, as soon as one fits between two of theirs. */
  leave(): void {
    if (this.leaving) return
    this.leaving = true
    if (this.#scanner === undefined || this.#scanner.between) this.#sayFarewell()
  }

  #pass(chunk: Buffer): void {
    // What still comes after a farewell is read, so that the other end can close, and dropped.
    if (this.#left) return
    this.#onActive()
    const boundary = this.#scanner?.scan(chunk) ?? chunk.length
    const part = this.leaving ? chunk.subarray(0, boundary) : chunk
    this.bytes += part.length
    // More than the stream's mark is no backlog where the system has taken it all at once.
    if (!this.#to.write(part) && this.#to.writableLength > 0) this.#from.pause()
    if (this.leaving && (boundary < chunk.length || this.#scanner?.between === true)) {
      this.#sayFarewell()
    }
  }

  #sayFarewell(): void {
    this.#left = true
    if (this.#farewell === undefined) this.#to.end()
    else this.#to.end(this.#farewell)
    this.#from.resume()
  }
}
