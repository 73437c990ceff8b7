import { systemClock, systemTimers } from '@holdfast/core'
import { createRedisStore } from '@holdfast/core/fleet'
import type { FastifyInstance } from 'fastify'
import { Guard } from './access/guard.js'
import { Tokens } from './access/tokens.js'
import { DrainWatch } from './control/drain-watch.js'
import { Operator } from './control/operator.js'
import { Feed } from './feed.js'
import { parseOptions, type StatsConfig, type StatsOptions } from './options.js'
import { Registry } from './registry/registry.js'
import { adminEndpoints } from './routes/admin.js'
import { dashboardRoutes } from './routes/dashboard.js'
import { drainEndpoint } from './routes/drain.js'
import { serve } from './routes/endpoint.js'
import { eventsEndpoint } from './routes/events.js'
import { jsonEndpoints } from './routes/json.js'
import { openapiEndpoint } from './routes/openapi.js'
import { probeEndpoints } from './routes/probes.js'
import { prometheusEndpoint } from './routes/prometheus.js'
import { vtsEndpoint } from './routes/vts.js'
import { whoamiEndpoint } from './routes/whoami.js'
import { createFleetSource } from './sources/fleet.js'
import { createFunctionSource, createGatewaySource, gatewayOf } from './sources/in-process.js'
import { createReplicasSource } from './sources/replicas.js'
import type { Source } from './sources/source.js'
import { keepUp } from './steps.js'
import { Turns } from './turns.js'
import { Broadcast } from './wire/broadcast.js'

/**
 * The statistics of a gateway, or of a fleet of them, as a Fastify plugin: the dashboard at `/`,
 * JSON under `/api/v1`, Prometheus text at `/metrics`, and with an admin token the means to drain
 * and stop servers. Register it on the gateway itself under a prefix, or on an app of its own.
 *
 * Without a read token only this machine may read.
 * @throws OptionError at registration.
 */
export async function stats(app: FastifyInstance, options: StatsOptions): Promise<void> {
  const config = parseOptions(options, gatewayOf(app))
  const source = await createSource(config)
  const turns = new Turns()
  const feed = new Feed(source, new Registry(config), {
    clock: systemClock,
    turns,
    complain: (where, error) => app.log.warn({ err: error, where }, 'statistics cannot be read'),
  })
  const tokens = new Tokens(config.tokens)
  const guard = new Guard(tokens, config.hosts, () => feed.nowMs)
  const watch = new DrainWatch(feed)
  const broadcast = new Broadcast(turns)
  const control = tokens.has('admin') ? source.control : undefined
  const operator = control && new Operator(feed, control, app.log)

  const endpoints = [
    ...jsonEndpoints(feed, turns),
    drainEndpoint(watch),
    ...(operator === undefined ? [] : adminEndpoints(operator, watch)),
    whoamiEndpoint(guard, operator !== undefined),
    eventsEndpoint(feed, broadcast),
    prometheusEndpoint(feed, turns),
    vtsEndpoint(feed, turns),
    ...probeEndpoints(feed),
  ]
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
  })
  serve(app, [...endpoints, openapiEndpoint(endpoints)], { read: guard.read, admin: guard.act })
  await app.register(dashboardRoutes)

  const stop = keepUp(feed, source, broadcast, config.intervalMs)
  // Streams and waiting callers would keep the server from closing.
  app.addHook('preClose', async () => {
    stop()
    broadcast.close()
    watch.close()
  })
  app.addHook('onClose', async () => {
    operator?.close()
    await source.close?.()
  })
}

// A second is more than a replica on the same network needs, even for a large snapshot.
const TIMEOUT_MS = 5_000

async function createSource({ source, intervalMs }: StatsConfig): Promise<Source> {
  switch (source.kind) {
    case 'gateway':
      return createGatewaySource(source.gateway)
    case 'function':
      return createFunctionSource(source.read)
    case 'redis':
      return createFleetSource(await createRedisStore(source, systemTimers), intervalMs)
    case 'replicas':
      return createReplicasSource({
        replicas: source.replicas,
        freshMs: intervalMs,
        timeoutMs: TIMEOUT_MS,
      })
  }
}
