import type { FastifyReply } from 'fastify'
import type { Feed } from '../feed.js'
import { text } from '../schemas/schema.js'
import type { Broadcast } from '../wire/broadcast.js'
import type { Endpoint } from './endpoint.js'

/** The dashboard's stream. */
export function eventsEndpoint(feed: Feed, broadcast: Broadcast): Endpoint {
  return {
    method: 'GET',
    url: '/events',
    summary: 'The state (event `state`), then its changes as merge patches (event `change`)',
    scope: 'read',
    answer: { type: 'text/event-stream', schema: text },
    handler: async (_request, reply) => {
      // A first viewer should not have to wait for the next step, but be told if there is nothing.
      await feed.read().catch(() => undefined)
      openStream(reply, broadcast)
    },
  }
}

function openStream(reply: FastifyReply, broadcast: Broadcast): void {
  reply.hijack()
  const { raw } = reply
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    // nginx would otherwise hold the stream back until a buffer is full.
    'x-accel-buffering': 'no',
  })
  raw.flushHeaders()
  broadcast.add(raw)
}
