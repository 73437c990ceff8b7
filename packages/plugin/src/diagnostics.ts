import { type Channel, channel } from 'node:diagnostics_channel'
import type { FastifyRequest } from 'fastify'

/** An attempt that is about to be sent. */
export interface AttemptMessage {
  readonly request: FastifyRequest
  readonly upstream: string
  /** The server's address. */
  readonly address: string
  /** 1 is the first; a stale connection is replaced under the same number. */
  readonly number: number
  /** Sets a field of this attempt alone, in place of any of that name. */
  setHeader(name: string, value: string): void
}

/** The names under which others in the process can listen; part of the public contract. */
export const channelNames = {
  /** A RequestRecord, and the `request` itself, when a proxied request has ended. */
  request: 'holdfast:request',
  /** An AttemptMessage, for every attempt before it is sent. */
  attempt: 'holdfast:attempt',
  /** An UpstreamEvent: ejected, probing, returned, draining, override. */
  event: 'holdfast:event',
} as const

export const channels: { readonly [name in keyof typeof channelNames]: Channel } = {
  request: channel(channelNames.request),
  attempt: channel(channelNames.attempt),
  event: channel(channelNames.event),
}
