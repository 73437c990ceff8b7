import type { Upstream } from '@holdfast/core'
import type {
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
  HTTPMethods,
} from 'fastify'
import fp from 'fastify-plugin'
import { UnknownUpstreamError } from './errors.js'
import { Exchange } from './exchange.js'
import { createForwarder, exchangeOf, type Forwarder } from './forwarder.js'
import { Gateway, type GatewayPorts } from './gateway.js'
import { createHoldfast, type Holdfast } from './holdfast.js'
import type { HeaderFields, HoldfastOptions } from './options.js'
import { parseRegistration, type RegistrationConfig } from './parse-options.js'
import { groupHeaders, isNamed } from './raw-headers.js'
import { createRegistration, type Registration, type RegistrationChoices } from './registration.js'
import { type RequestReport, reportOf } from './report.js'
import { createPrefixRewrite } from './request/target.js'
import { serveSnapshot } from './snapshot-route.js'
import { Upgrades } from './tunnel/upgrades.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** The upstreams of this gateway, for its own code. */
    holdfast: Holdfast
  }
  interface FastifyRequest {
    /** How the request fared; undefined before it is proxied and on other routes. */
    readonly holdfast: RequestReport | undefined
  }
  interface FastifyReply {
    /**
     * Proxies this one request to an upstream from a route of the gateway's own.
     * @throws HOLDFAST_UNKNOWN_UPSTREAM, HOLDFAST_BODY_CONSUMED
     */
    holdfast(upstream: string, options?: ReplyOptions): FastifyReply
  }
}

/** What `reply.holdfast` may change for its request. */
export interface ReplyOptions
  extends Pick<
    HoldfastOptions,
    | 'rewriteHeaders'
    | 'rewriteRequestHeaders'
    | 'bodyLimit'
    | 'sticky'
    | 'retry'
    | 'timeouts'
    | 'log'
  > {}

/** What the first registration on a Fastify instance sets up for all. */
interface Root {
  readonly gateway: Gateway
  readonly forwarder: Forwarder
  readonly upgrades: Upgrades
}

const rootOf = Symbol('holdfast.root')

const register: FastifyPluginAsync<InternalOptions> = async (app, options) => {
  const { ports, ...own } = options
  const config = parseRegistration(own)
  const { gateway, forwarder, upgrades } = await prepareRoot(app, ports)
  const upstream = gateway.upstream(config.upstream)
  if (config.fleet !== undefined) await gateway.share(config.fleet)
  if (config.stats !== undefined) serveSnapshot(app, gateway, config.stats)
  await app.register(
    async (scope) => {
      passBodiesThrough(scope)
      const choices = registrationChoices(scope, upstream, config)
      const registration = createRegistration(gateway, upstream, choices)
      if (config.upgrades) upgrades.claim(scope.prefix)
      addRoutes(scope, config, (request, reply) => forwarder.pass(registration, request, reply))
    },
    { prefix: config.prefix },
  )
}

/** With what tests bring: time and chance. */
interface InternalOptions extends HoldfastOptions {
  readonly ports?: Partial<GatewayPorts>
}

/**
 * Fastify plugin: sticky sessions over the servers of an upstream.
 * `app.register(holdfast, { prefix, upstream: { name, servers, sticky } })`; register it again
 * for another prefix or upstream.
 * @throws OptionError at registration, with the path and the value of what is wrong.
 */
export const holdfast: FastifyPluginAsync<HoldfastOptions> = fp(register, {
  name: '@holdfast/plugin',
  fastify: '5.x',
})

/** The first registration decorates the instance it is on; later ones find that. */
async function prepareRoot(
  app: FastifyInstance,
  ports: Partial<GatewayPorts> | undefined,
): Promise<Root> {
  const known: unknown = Reflect.get(app, rootOf)
  if (isRoot(known)) return known
  const gateway = new Gateway(app.log, ports)
  const forwarder = await createForwarder(app)
  const root: Root = { gateway, forwarder, upgrades: new Upgrades(app) }
  app.decorate(rootOf as unknown as string, root)
  app.decorate(
    'holdfast',
    createHoldfast(gateway, () => app.server),
  )
  app.decorateRequest(exchangeOf as unknown as string, null)
  app.decorateRequest('holdfast', {
    getter(this: FastifyRequest) {
      const exchange: unknown = Reflect.get(this, exchangeOf)
      return exchange instanceof Exchange ? reportOf(exchange) : undefined
    },
  })
  app.decorateReply('holdfast', replyWith(app, root))
  app.addHook('onReady', async () => gateway.untilServersAreKnown())
  app.addHook('onReady', async () => gateway.untilFleetHasSpoken())
  app.addHook('onListen', async () => {
    // It may take as long as the DNS likes: nobody waits for it.
    void gateway.checkNames()
  })
  // Tunnels would keep the server from closing for as long as their ends like.
  app.addHook('preClose', async () => gateway.sayGoodbye())
  app.addHook('onClose', async () => gateway.close())
  return root
}

function isRoot(value: unknown): value is Root {
  return typeof value === 'object' && value !== null && 'gateway' in value
}

/** `reply.holdfast`: registrations made by the way are kept by what they were made of. */
function replyWith(app: FastifyInstance, { gateway, forwarder }: Root): FastifyReply['holdfast'] {
  const registrations = new WeakMap<ReplyOptions, Map<string, Registration>>()
  const none: ReplyOptions = Object.freeze({})
  return function replyFromUpstream(this: FastifyReply, name, options = none) {
    let byName = registrations.get(options)
    if (byName === undefined) {
      byName = new Map()
      registrations.set(options, byName)
    }
    let registration = byName.get(name)
    if (registration === undefined) {
      const upstream = gateway.find(name)
      if (upstream === undefined) throw new UnknownUpstreamError(name)
      const config = parseRegistration({ upstream: name, ...options })
      // The path of a user's own route is not ours to cut.
      const choices = registrationChoices(app, upstream, { ...config, prefix: '/' })
      registration = createRegistration(gateway, upstream, choices)
      byName.set(name, registration)
    }
    forwarder.passParsed(registration, this.request, this)
    return this
  }
}

function registrationChoices(
  scope: FastifyInstance,
  upstream: Upstream,
  config: RegistrationConfig,
): RegistrationChoices {
  const { rewriteRequestHeaders: rewrite } = config
  return {
    rules: upstream.rules({ retry: config.retry, sticky: config.sticky }),
    timeouts: config.timeouts ?? upstream.config.timeouts,
    prefix: createPrefixRewrite(scope.prefix, config.rewritePrefix),
    bodyLimit: config.bodyLimit ?? scope.initialConfig.bodyLimit ?? DEFAULT_BODY_LIMIT,
    log: config.log,
    sticky: config.sticky !== false,
    rewriteHeaders: config.rewriteHeaders,
    rewriteRequestHeaders:
      rewrite && ((request, headers) => flatten(rewrite(request, groupHeaders(headers)))),
  }
}

// Fastify's own, should it ever not say.
const DEFAULT_BODY_LIMIT = 1_048_576

/** Bodies are not parsed here but passed on as they come. */
function passBodiesThrough(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
}

function addRoutes(
  scope: FastifyInstance,
  config: RegistrationConfig,
  handler: (request: FastifyRequest, reply: FastifyReply) => void,
): void {
  const { preHandler, constraints, httpMethods = methodsOf(scope) } = config
  for (const url of ['/', '/*']) {
    scope.route({
      url,
      // Fastify answers HEAD itself where it has a GET; the server must be asked instead.
      exposeHeadRoute: false,
      method: [...httpMethods] as HTTPMethods[],
      ...(preHandler === undefined ? {} : { preHandler }),
      ...(constraints === undefined ? {} : { constraints }),
      handler,
    })
  }
}

/** All but TRACE, whose answer would show the client what was put into its request. */
function methodsOf({ supportedMethods }: FastifyInstance): readonly string[] {
  return supportedMethods.filter((method) => method !== 'TRACE')
}

/** Fields as they go on the wire, Host first: that is where an attempt looks for it. */
function flatten(fields: HeaderFields): string[] {
  const flat: string[] = ['Host', '']
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue
    if (isNamed(name, 'host')) flat[1] = String(value)
    else for (const one of Array.isArray(value) ? value : [value]) flat.push(name, one)
  }
  return flat
}
