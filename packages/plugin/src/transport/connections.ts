import type { Clock, Server, Timers, TlsConfig } from '@holdfast/core'
import { Connection } from '../wire/connection.js'
import { Dialer } from './dial.js'

/** Idle connections kept a server; more are closed as they come back. */
const IDLE_MOST = 256

/** How often idle connections whose time is up are looked for. */
const SWEEP_MS = 5_000

/** Time, for what becomes of idle connections. */
export interface ConnectionsPorts {
  readonly clock: Clock
  readonly timers: Timers
}

/**
 * The connections to one server, the idle ones last used first. Whoever takes one knows whether it
 * was used before: one that the server has closed meanwhile is not a server that is failing.
 */
export class Connections {
  readonly #dialer: Dialer
  readonly #ports: ConnectionsPorts
  readonly #idle: Connection[] = []
  #cancelSweep: (() => void) | undefined
  #closed = false

  /** The configuration that they were made for. */
  #config: Server['config']

  constructor(server: Server, tls: TlsConfig, ports: ConnectionsPorts) {
    this.#config = server.config
    this.#dialer = new Dialer(server, tls)
    this.#ports = ports
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
    let idle = fresh ? undefined : this.#idle.pop()
    while (idle !== undefined) {
      if (!idle.socket.destroyed && idle.idleUntilMs > this.#ports.clock.now()) return idle
      idle.destroy()
      idle = this.#idle.pop()
    }
    return new Connection(this.#dialer.dial(), this.#onClosed)
  }

  /** Takes a connection back after a complete exchange. */
  give(connection: Connection): void {
    if (connection.closed) return
    if (this.#closed || !connection.reusable || this.#idle.length >= IDLE_MOST) {
      connection.destroy()
      return
    }
    connection.used = true
    connection.idleUntilMs = this.#ports.clock.now() + connection.idleMs
    this.#idle.push(connection)
    this.#cancelSweep ??= this.#ports.timers.after(SWEEP_MS, () => this.#sweep())
  }

  get idleCount(): number {
    return this.#idle.length
  }

  /** Closes what is idle now and what comes back later. */
  close(): void {
    this.#closed = true
    this.#cancelSweep?.()
    for (const idle of this.#idle.splice(0)) idle.destroy()
  }

  #sweep(): void {
    this.#cancelSweep = undefined
    const nowMs = this.#ports.clock.now()
    for (const idle of [...this.#idle]) if (idle.idleUntilMs <= nowMs) idle.destroy()
    if (this.#idle.length > 0) {
      this.#cancelSweep = this.#ports.timers.after(SWEEP_MS, () => this.#sweep())
    }
  }

  readonly #onClosed = (connection: Connection): void => {
    const index = this.#idle.indexOf(connection)
    if (index >= 0) this.#idle.splice(index, 1)
  }
}
