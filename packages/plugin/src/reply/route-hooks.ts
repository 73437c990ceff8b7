import type { FastifyRequest } from 'fastify'
import type { Exchange } from '../exchange.js'

/** As much of Fastify's route context as matters here. */
interface RouteContext {
  readonly onSend?: readonly unknown[] | null
}

/**
 * Whether an answer may be written past Fastify: only where nobody waits in an onSend hook to see
 * it. No public API says so. Where Fastify's context cannot be found the answer takes the long
 * way, which is always right.
 */
export function wantsDirectAnswer(exchange: Exchange): boolean {
  if (exchange.registration.rewriteHeaders !== undefined) return false
  return routeContext(exchange.request)?.onSend === null
}

function routeContext(request: FastifyRequest): RouteContext | undefined {
  const symbol = exchangeContextSymbol(request)
  return symbol === undefined
    ? undefined
    : (request as unknown as Record<symbol, RouteContext | undefined>)[symbol]
}

// Own symbols of a request are few, and this one stands first.
function exchangeContextSymbol(request: FastifyRequest): symbol | undefined {
  for (const symbol of Object.getOwnPropertySymbols(request)) {
    if (symbol.description === 'fastify.context') return symbol
  }
  return undefined
}
