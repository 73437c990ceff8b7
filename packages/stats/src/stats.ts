import type { FastifyInstance } from 'fastify'
import { parseOptions, type StatsOptions } from './options.js'
import { jsonRoutes } from './routes/json.js'
import { pageRoutes } from './routes/page.js'
import { probeRoutes } from './routes/probes.js'
import { prometheusRoute } from './routes/prometheus.js'
import { gatewayOf } from './sources/in-process.js'
import { createSnapshots } from './sources/source.js'

/**
 * The statistics of a gateway as a Fastify plugin: JSON under `/api/v1`, Prometheus text at
 * `/metrics`, probes at `/healthz` and `/readyz`, and a page at `/`. All of it only reads. Register
 * it on the gateway itself under a prefix, or on an app of its own with a `source`.
 *
 * It asks nobody who they are: put it where only operators reach it.
 * @throws OptionError at registration.
 */
export async function stats(app: FastifyInstance, options: StatsOptions): Promise<void> {
  const { source } = parseOptions(options, gatewayOf(app))
  const snapshots = createSnapshots(source)

  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  jsonRoutes(app, snapshots)
  prometheusRoute(app, snapshots)
  probeRoutes(app, snapshots)
  pageRoutes(app, snapshots)
}
