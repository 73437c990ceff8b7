import type { Feed } from '../feed.js'
import { contentType } from '../prometheus/format.js'
import { writeMetrics } from '../prometheus/metrics.js'
import { text } from '../schemas/schema.js'
import { encode, type Turns } from '../turns.js'
import type { Endpoint } from './endpoint.js'

/** The statistics for Prometheus to scrape. */
export function prometheusEndpoint(feed: Feed, turns: Turns): Endpoint {
  return {
    method: 'GET',
    url: '/metrics',
    summary: 'Prometheus text format 0.0.4',
    scope: 'read',
    answer: { type: 'text/plain', schema: text },
    handler: async (_request, reply) =>
      reply
        .header('content-type', contentType)
        .send(await turns.run(encode(writeMetrics(await feed.read())))),
  }
}
