import type { Server, UpstreamEvent } from '@holdfast/core'
import type { FastifyBaseLogger } from 'fastify'
import { type AttemptMessage, channels } from './diagnostics.js'
import type { Exchange } from './exchange.js'
import { type RawHeaders, withoutFields } from './raw-headers.js'
import { type RequestRecord, recordOf } from './report.js'

/** A proxied request has ended: one line on its own logger, and a message to who subscribed. */
export function tellEnd(exchange: Exchange): void {
  const { request } = exchange
  const logged = isLogged(exchange)
  const heard = channels.request.hasSubscribers
  if (!logged && !heard) return
  const record: RequestRecord = recordOf(exchange)
  if (logged) request.log.info(record, 'request proxied')
  if (heard) channels.request.publish({ request, ...record })
}

/** An attempt is about to be sent with these fields: who subscribed may set others. */
export function tellAttempt(
  { request, registration, passage }: Exchange,
  { address }: Server,
  headers: RawHeaders,
): RawHeaders {
  if (!channels.attempt.hasSubscribers) return headers
  let own = headers
  const message: AttemptMessage = {
    request,
    upstream: registration.upstream.name,
    address,
    number: passage.leases.length,
    setHeader(name, value) {
      own = [...withoutFields(own, new Set([name.toLowerCase()])), name, value]
    },
  }
  channels.attempt.publish(message)
  return own
}

/** Something has happened to a server. */
export function tellEvent(log: FastifyBaseLogger, event: UpstreamEvent): void {
  logEvent(log, event)
  if (channels.event.hasSubscribers) channels.event.publish(event)
}

function logEvent(log: FastifyBaseLogger, event: UpstreamEvent): void {
  const { type, upstream, server } = event
  switch (type) {
    case 'ejected':
      log.warn(
        {
          upstream,
          server,
          fails: event.fails,
          ...(event.voters === undefined ? {} : { voters: event.voters }),
          ...(event.untilMs === undefined ? {} : { until: new Date(event.untilMs).toISOString() }),
        },
        'server ejected',
      )
      break
    case 'draining':
      log.info({ upstream, server }, 'server asks to be drained')
      break
    case 'probing':
      log.info({ upstream, server }, 'server is being probed')
      break
    case 'returned':
      log.info({ upstream, server }, 'server is back')
      break
    case 'override':
      log.info({ upstream, server, override: event.override, by: event.by }, 'server overridden')
      break
  }
}

function isLogged({ registration, passage, request }: Exchange): boolean {
  const { log } = registration
  if (log === 'off' || (log === 'moved' && passage.verdict !== 'moved')) return false
  return isInfoWritten(request.log)
}

/** Fastify's logger when it is off is not pino and knows no levels: then no line is even built. */
function isInfoWritten(log: FastifyBaseLogger): boolean {
  const asPino = log as FastifyBaseLogger & { isLevelEnabled?(level: string): boolean }
  return asPino.isLevelEnabled?.('info') ?? !(log.level === undefined || log.level === 'silent')
}
