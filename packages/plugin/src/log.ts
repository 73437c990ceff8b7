import type { UpstreamEvent } from '@holdfast/core'
import type { FastifyBaseLogger } from 'fastify'
import type { Exchange } from './exchange.js'
import { reportOf } from './report.js'

/** One line when a proxied request ends, on the request's own logger. */
export function logExchange(exchange: Exchange): void {
  const { registration, passage, request } = exchange
  const { log } = registration
  if (log === 'off' || (log === 'moved' && passage.verdict !== 'moved')) return
  if (!isInfoWritten(request.log)) return
  const { attempts, upstream, affinity, verdict, moved, session } = reportOf(exchange)
  const { binding, facts } = passage
  const age = binding.session && registration.gateway.wallS() - binding.session.issuedS
  request.log.info(
    {
      remoteAddr: facts.remoteAddress,
      upstream,
      upstreamAddr: attempts.map(({ address }) => address),
      upstreamStatus: attempts.map(({ status }) => status),
      upstreamTimeMs: attempts.map(({ timeMs }) => timeMs),
      affinity,
      ...(verdict === undefined ? {} : { verdict }),
      ...(moved === undefined ? {} : { moved }),
      ...(moved === undefined || binding.server === undefined
        ? {}
        : { from: binding.server.address }),
      ...(session === undefined ? {} : { session }),
      ...(age === undefined ? {} : { bindingAgeS: Math.max(0, age) }),
    },
    'request proxied',
  )
}

export function logEvent(log: FastifyBaseLogger, event: UpstreamEvent): void {
  const { type, upstream, server } = event
  switch (type) {
    case 'ejected':
      log.warn(
        { upstream, server, fails: event.fails, until: new Date(event.untilMs).toISOString() },
        'server ejected',
      )
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

/** Fastify's logger when it is off is not pino and knows no levels: then no line is even built. */
function isInfoWritten(log: FastifyBaseLogger): boolean {
  const asPino = log as FastifyBaseLogger & { isLevelEnabled?(level: string): boolean }
  return asPino.isLevelEnabled?.('info') ?? !(log.level === undefined || log.level === 'silent')
}
