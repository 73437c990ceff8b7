import type { FastifyReply } from 'fastify'
import type { Feed } from '../feed.js'
import { text } from '../schemas/schema.js'
import type { Broadcast } from '../wire/broadcast.js'
import type { Endpoint } from './endpoint.js'

/** Each costs a connection and a few messages' worth of memory. */
const MOST_VIEWERS = 500

class TooManyViewersError extends Error {
  override readonly name = 'TooManyViewersError'
  readonly code = 'HOLDFAST_VIEWERS'
  readonly statusCode = 503

  constructor() {
    super('Too many dashboards are open')
  }
}

/** The dashboard's stream. */
export function eventsEndpoint(feed: Feed, broadcast: Broadcast): Endpoint {
  return {
    method: 'GET',
    url: '/events',
    summary: 'The state (event `state`), then its changes as merge patches (event `change`)',
    scope: 'read',
    answer: { type: 'text/event-stream', schema: text },
    handler: async (_request, reply) => {
      if (broadcast.viewers >= MOST_VIEWERS) throw new TooManyViewersError()
      // Where there is nothing yet, that is told.
      await feed.read().catch(() => undefined)
      // Nobody was told of what happened while nobody watched.
      if (broadcast.viewers === 0) await broadcast.publish(feed.state)
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
