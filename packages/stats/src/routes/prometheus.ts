import type { FastifyInstance } from 'fastify'
import { contentType } from '../prometheus/format.js'
import { writeMetrics } from '../prometheus/metrics.js'
import type { Snapshots } from '../sources/source.js'

/** The statistics for Prometheus to scrape. */
export function prometheusRoute(app: FastifyInstance, snapshots: Snapshots): void {
  app.get('/metrics', async (_request, reply) =>
    reply.header('content-type', contentType).send(writeMetrics(await snapshots.read())),
  )
}
