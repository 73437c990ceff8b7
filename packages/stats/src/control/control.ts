import type { OverrideSnapshot } from '@holdfast/core'

/** What an operator wants of a server; what is absent stays as it is. */
export interface Change {
  readonly state?: 'up' | 'drain' | 'down' | undefined
  readonly weight?: number | undefined
  /** For how many milliseconds; for good when absent. */
  readonly ttlMs?: number | undefined
}

export interface Target {
  readonly upstream: string
  readonly server: string
}

/** A server as replicas tell it from others that had its address before. */
export interface KnownTarget extends Target {
  readonly address: string
  readonly incarnation: number
}

/** The operator's hand. */
export interface Control {
  /** Whether it sees to `ttlMs` itself, so that nobody has to remember it. */
  readonly expires: boolean
  /**
   * Overrides what the configuration says of a server, on every replica.
   * @param by who wants it, for the log.
   * @throws ControlError where it could not be done everywhere.
   */
  override(
    target: KnownTarget,
    override: OverrideSnapshot,
    by: string,
    ttlMs?: number,
  ): Promise<void>
}

/** An action that could not be carried out. */
export class ControlError extends Error {
  override readonly name = 'ControlError'
  readonly code: string
  readonly statusCode: number

  constructor(statusCode: number, code: string, message: string) {
    super(message)
    this.statusCode = statusCode
    this.code = code
  }
}
