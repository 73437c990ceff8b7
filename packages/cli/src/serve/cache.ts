import { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  preHandlerAsyncHookHandler,
} from 'fastify'
import { cacheStores, Dispatcher, interceptors } from 'undici'
import type { CacheConfig } from '../config/types.js'

/** The methods that a cache answers. */
const CACHED: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD'])

/** The client's request that one of the app's own is made for. */
interface Passage {
  readonly request: FastifyRequest
  /** Whether this is the app's own. */
  readonly inner: boolean
}

/** Marks an answer whose Cache-Control is the route's, and no business of the client's. */
const OURS = 'holdfast-cache-control'

/** A response as light-my-request hands it out, its body still to come. */
interface InnerResponse {
  readonly statusCode: number
  readonly statusMessage: string
  readonly headers: IncomingHttpHeaders
  stream(): Readable
}

/**
 * A preHandler that answers from memory, by undici's rules of HTTP caching. What it does not have
 * it asks the same app for: that request passes the hook, and takes the route's usual way.
 */
export function createCache(
  app: FastifyInstance,
  { valid, size }: CacheConfig,
): preHandlerAsyncHookHandler {
  const passage = new AsyncLocalStorage<Passage>()
  const origin = new AppDispatcher(app, valid, passage)
  const cached = origin.compose(
    interceptors.cache({
      store: new cacheStores.MemoryCacheStore({ maxSize: size, maxEntrySize: size }),
      methods: ['GET', 'HEAD'],
      type: 'shared',
    }),
  )
  return async (request, reply) => {
    if (passage.getStore()?.inner === true || !CACHED.has(request.raw.method)) return undefined
    const { statusCode, headers, body } = await passage.run({ request, inner: false }, () =>
      cached.request({
        // The cache tells requests apart by this and the path.
        origin: `${request.protocol}://${request.host}`,
        path: request.raw.url ?? '/',
        method: request.raw.method as Dispatcher.HttpMethod,
        headers: innerHeaders(request),
      }),
    )
    return answer(reply, statusCode, headers, body)
  }
}

function answer(
  reply: FastifyReply,
  status: number,
  headers: IncomingHttpHeaders,
  body: Readable,
): FastifyReply {
  const { connection: _, 'transfer-encoding': __, [OURS]: ours, ...rest } = headers
  if (ours !== undefined) delete rest['cache-control']
  return reply.code(status).headers(rest).send(body)
}

/** The client's fields, and who it is: the inner request comes from nowhere. */
function innerHeaders({ raw }: FastifyRequest): IncomingHttpHeaders {
  const fields = Object.entries(raw.headers).filter(
    ([name]) => !name.startsWith(':') && name !== 'connection',
  )
  return Object.fromEntries(fields)
}

/** Has an app answer as if it were a server on the network. */
class AppDispatcher extends Dispatcher {
  readonly #app: FastifyInstance
  readonly #valid: ReadonlyMap<number, number>
  readonly #passage: AsyncLocalStorage<Passage>

  constructor(
    app: FastifyInstance,
    valid: ReadonlyMap<number, number>,
    passage: AsyncLocalStorage<Passage>,
  ) {
    super()
    this.#app = app
    this.#valid = valid
    this.#passage = passage
  }

  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    const controller = new Controller()
    handler.onRequestStart?.(controller, {})
    const request = this.#passage.getStore()?.request
    if (request === undefined) throw new Error('a cache is asked only by requests')
    this.#passage.run({ request, inner: true }, () => {
      this.#ask(options, request).then(
        (response) => this.#relay(response, handler, controller),
        (error: Error) => handler.onResponseError?.(controller, error),
      )
    })
    return true
  }

  #ask(
    { path, method, headers }: Dispatcher.DispatchOptions,
    { raw }: FastifyRequest,
  ): Promise<InnerResponse> {
    return this.#app.inject({
      remoteAddress: raw.socket.remoteAddress ?? '',
      method: method as 'GET',
      url: path,
      headers: headers as Record<string, string>,
      payloadAsStream: true,
    }) as Promise<InnerResponse>
  }

  #relay(
    response: InnerResponse,
    handler: Dispatcher.DispatchHandler,
    controller: Controller,
  ): void {
    const { statusCode, statusMessage } = response
    const headers = this.#judged(statusCode, response.headers)
    const body = response.stream()
    controller.follow(body)
    handler.onResponseStart?.(controller, statusCode, headers, statusMessage)
    body.on('data', (chunk: Buffer) => handler.onResponseData?.(controller, chunk))
    body.on('end', () => handler.onResponseEnd?.(controller, {}))
    body.on('error', (error) => handler.onResponseError?.(controller, error))
  }

  /** An answer that does not say how long it is good is as good as the route says, or not at all. */
  #judged(status: number, headers: IncomingHttpHeaders): IncomingHttpHeaders {
    if (headers['cache-control'] !== undefined || headers.expires !== undefined) return headers
    const ms = this.#valid.get(status)
    const control = ms === undefined ? 'no-store' : `max-age=${ms / 1000}`
    return { ...headers, 'cache-control': control, [OURS]: 'yes' }
  }
}

/** What undici's handlers steer a response with. */
class Controller implements Dispatcher.DispatchController {
  #body: Readable | undefined
  #reason: Error | null = null
  rawHeaders: Buffer[] | null = null
  rawTrailers: Buffer[] | null = null

  follow(body: Readable): void {
    this.#body = body
  }

  get aborted(): boolean {
    return this.#reason !== null
  }

  get paused(): boolean {
    return this.#body?.isPaused() ?? false
  }

  get reason(): Error | null {
    return this.#reason
  }

  pause(): void {
    this.#body?.pause()
  }

  resume(): void {
    this.#body?.resume()
  }

  abort(reason: Error): void {
    this.#reason = reason
    this.#body?.destroy(reason)
  }
}
