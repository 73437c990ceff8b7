import { type Channel, channel } from 'node:diagnostics_channel'

/** The names under which others in the process can listen; part of the public contract. */
export const channelNames = {
  /** A RequestRecord, and the `request` itself, when a proxied request has ended. */
  request: 'holdfast:request',
  /** An UpstreamEvent: ejected, probing, returned, draining, override. */
  event: 'holdfast:event',
} as const

export const channels: { readonly request: Channel; readonly event: Channel } = {
  request: channel(channelNames.request),
  event: channel(channelNames.event),
}
