import type { FastifyRequest } from 'fastify'
import type { Exchange } from '../exchange.js'

/** As much of Fastify's route context as matters here. */
interface RouteContext {
  readonly onSend?: readonly unknown[] | null
}

/** Knows which answers hooks want to see. */
export class RouteHooks {
  // The same for all requests, so it is looked for once.
  #context: symbol | undefined

  /**
   * Whether an answer may be written past Fastify: only where nobody waits in an onSend hook to
   * see it. No public API says so. Where Fastify's context cannot be found the answer takes the
   * long way, which is always right.
   */
  allowDirectAnswer({ registration, request }: Exchange): boolean {
    if (registration.rewriteHeaders !== undefined) return false
    this.#context ??= contextSymbol(request)
    if (this.#context === undefined) return false
    const contexts = request as unknown as Record<symbol, RouteContext | undefined>
    return contexts[this.#context]?.onSend === null
  }
}

function contextSymbol(request: FastifyRequest): symbol | undefined {
  const symbols = Object.getOwnPropertySymbols(request)
  return symbols.find(({ description }) => description === 'fastify.context')
}
