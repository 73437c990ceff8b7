import replyFrom from '@fastify/reply-from'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Exchange, type GiveAnswer } from './exchange.js'
import type { HeaderFields } from './options.js'
import type { Registration } from './registration.js'
import type { FromResponse } from './reply/hooked-answer.js'
import { clientBody, type OutgoingBody, routeBody } from './request/outgoing-body.js'

/** Where a request keeps its exchange. */
export const exchangeOf: unique symbol = Symbol('holdfast.exchange')

/** reply-from's `reply.from`, which is not put on anybody's replies. */
type From = (this: FastifyReply, source: string, options: object) => void

/**
 * Sends requests on. Where hooks want to see the answer, reply-from takes it to them: it asks for a
 * response like for any other, and gets the one that has come.
 */
export interface Forwarder {
  /** For a route of the plugin's own: the body is the client's stream. */
  pass(registration: Registration, request: FastifyRequest, reply: FastifyReply): void
  /** For a user's route, whose body may have been parsed. */
  passParsed(registration: Registration, request: FastifyRequest, reply: FastifyReply): void
}

/** How reply-from is called back with the response that it asked for. */
type FromCallback = (error: null, response: FromResponse | undefined) => void

/** A request, and what reply-from takes for its headers: the exchange travels on both. */
interface Carrier {
  [exchangeOf]: Exchange
}

/** What every request asks of reply-from; target, headers and body are the exchange's own. */
const options = {
  body: null,
  getUpstream: () => 'http://upstream',
  rewriteRequestHeaders: (request: FastifyRequest & Carrier): Carrier => ({
    [exchangeOf]: request[exchangeOf],
  }),
  rewriteHeaders: (headers: HeaderFields, request: FastifyRequest & Carrier) =>
    request[exchangeOf].registration.rewriteHeaders?.(headers, request) ?? headers,
  retryDelay: () => null,
}

/**
 * Registers reply-from in a scope of its own, once for all registrations, and takes its function
 * off it: where the gateway uses reply-from as well, the two do not meet.
 */
export async function createForwarder(app: FastifyInstance): Promise<Forwarder> {
  let from: From | undefined
  await app.register(async (scope) => {
    scope.decorateReply = ((_name: string, value: From) => {
      from = value
      return scope
    }) as unknown as typeof scope.decorateReply
    await scope.register(replyFrom, {
      base: '',
      undici: transport as never,
      destroyAgent: true,
      disableRequestLogging: true,
    })
  })
  const answer: GiveAnswer = (reply) => from?.call(reply, '/', options)
  const pass = (
    registration: Registration,
    request: FastifyRequest,
    reply: FastifyReply,
    body: OutgoingBody | undefined,
  ): void => {
    if (isGone(reply)) {
      // The client left while hooks were at work: its 'close' is over, and nobody waits.
      reply.hijack()
      return
    }
    const carrier = request as FastifyRequest & Carrier
    const exchange = new Exchange(registration, request, reply, body, answer)
    carrier[exchangeOf] = exchange
    exchange.start()
  }
  return {
    pass: (registration, request, reply) => pass(registration, request, reply, clientBody(request)),
    passParsed: (registration, request, reply) =>
      pass(registration, request, reply, routeBody(request)),
  }
}

function isGone({ raw }: FastifyReply): boolean {
  return raw.destroyed || (raw as { stream?: { destroyed?: boolean } }).stream?.destroyed === true
}

/** What reply-from takes for its HTTP client: the response that it asks for is there already. */
const transport = {
  request({ headers }: { readonly headers: Carrier }, done: FromCallback): void {
    done(null, headers[exchangeOf].response)
  },
  // Connections belong to the gateway, which closes them itself.
  destroy(): void {},
}
