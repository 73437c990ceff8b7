import { createServer } from 'node:http'
import type { HoldfastOptions, UpstreamOptions } from '@holdfast/plugin'
import { holdfast, serverOptions } from '@holdfast/plugin'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { GatewayConfig, RouteConfig } from '../config/types.js'
import { ANY_HOST, VirtualHosts } from '../routing/virtual-hosts.js'
import { createCache } from './cache.js'
import { createFieldEditor } from './header-fields.js'

export type FleetOptions = NonNullable<HoldfastOptions['fleet']>

/**
 * A gateway file as a Fastify app. It listens nowhere: `app.routing` takes requests, and the
 * `upgrade` event of `app.server` upgrades, so that listeners may outlive it.
 */
export async function createGatewayApp(
  config: GatewayConfig,
  logger: FastifyBaseLogger,
  fleet: FleetOptions,
): Promise<FastifyInstance> {
  const { routerOptions, ...options } = serverOptions()
  const hosts = new VirtualHosts(config.routes)
  const app = Fastify({
    ...options,
    routerOptions: { ...routerOptions, constraints: { virtualHost: virtualHost(hosts) } },
    trustProxy: config.trustProxy as string[],
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    serverFactory: (handler) => createServer(handler),
  })
  const declared = new Set<string>()
  for (const route of config.routes) {
    for (const host of route.hosts.length === 0 ? [ANY_HOST] : route.hosts) {
      await app.register(holdfast, registration(app, config, route, host, declared, fleet))
    }
  }
  await app.ready()
  return app as unknown as FastifyInstance
}

function registration(
  app: { readonly inject: FastifyInstance['inject'] },
  config: GatewayConfig,
  route: RouteConfig,
  host: string,
  declared: Set<string>,
  fleet: FleetOptions,
): HoldfastOptions {
  const { prefix, rewritePrefix, headers, timeouts, retry, bodyLimit, sticky, cache } = route
  // No function of a request can stand in a file.
  const options = config.upstreams.get(route.upstream)?.options as UpstreamOptions | undefined
  const first = declared.size === 0
  const known = declared.has(route.upstream) || options === undefined
  declared.add(route.upstream)
  const request = createFieldEditor(headers.request)
  const response = createFieldEditor(headers.response)
  return {
    prefix,
    upstream: known ? route.upstream : options,
    rewritePrefix,
    constraints: { virtualHost: host },
    log: config.log,
    ...(first ? { fleet } : {}),
    ...(sticky ? {} : { sticky: false }),
    ...(request && { rewriteRequestHeaders: (from, fields) => request(fields, from) }),
    ...(response && { rewriteHeaders: (fields, from) => response(fields, from) }),
    ...(timeouts && { timeouts }),
    ...(retry && { retry }),
    ...(bodyLimit === undefined ? {} : { bodyLimit }),
    ...(cache && { preHandler: createCache(app as FastifyInstance, cache) }),
  }
}

/** Every route is of one virtual host, so that, as in nginx, the host decides before the path. */
function virtualHost(hosts: VirtualHosts): never {
  const strategy = {
    name: 'virtualHost',
    storage: () => {
      const handlers = new Map<string, unknown>()
      return {
        get: (host: string) => handlers.get(host) ?? null,
        set: (host: string, handler: unknown) => handlers.set(host, handler),
      }
    },
    validate() {},
    deriveConstraint(request: { readonly headers: Readonly<Record<string, unknown>> }) {
      const authority = request.headers[':authority'] ?? request.headers.host
      return hosts.of(typeof authority === 'string' ? authority : '')
    },
    mustMatchWhenDerived: true,
  }
  // The router's types are not among Fastify's.
  return strategy as never
}
