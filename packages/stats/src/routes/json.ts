import { parseDuration } from '@holdfast/core'
import type { Feed } from '../feed.js'
import type { MergedServer } from '../registry/merged-server.js'
import { listOf, object, ref } from '../schemas/schema.js'
import { type Endpoint, json, serverParameter, upstreamParameter } from './endpoint.js'
import { findServer, findUpstream } from './find.js'
import { param, queryText, RequestError } from './query.js'

const SPANS = ['15m', '1h', '24h']

const spanParameter = {
  name: 'span',
  in: 'query',
  description: 'How far back, up to now.',
  schema: { type: 'string', enum: SPANS, default: '1h' },
} as const

/** The statistics as JSON, under `/api/v1`. */
export function jsonEndpoints(feed: Feed): readonly Endpoint[] {
  return [
    {
      method: 'GET',
      url: '/api/v1/fleet',
      summary: 'The replicas, the alarms, and all of it in one sentence',
      scope: 'read',
      answer: json(ref('Fleet')),
      handler: async () => (await feed.read()).fleet,
    },
    {
      method: 'GET',
      url: '/api/v1/upstreams',
      summary: 'Every upstream, merged over the replicas',
      scope: 'read',
      answer: json(object({ upstreams: listOf(ref('Upstream')) })),
      handler: async (_request, reply) =>
        reply.type('application/json; charset=utf-8').send((await feed.read()).json()),
    },
    {
      method: 'GET',
      url: '/api/v1/upstreams/:name',
      summary: 'One upstream',
      scope: 'read',
      parameters: [upstreamParameter],
      answer: json(ref('Upstream')),
      handler: async ({ params }) => findUpstream(await feed.read(), param(params, 'name')),
    },
    {
      method: 'GET',
      url: '/api/v1/upstreams/:name/servers/:id',
      summary: 'One server',
      scope: 'read',
      parameters: [upstreamParameter, serverParameter],
      answer: json(ref('Server')),
      handler: async ({ params }) =>
        findServer(await feed.read(), param(params, 'name'), param(params, 'id')),
    },
    {
      method: 'GET',
      url: '/api/v1/upstreams/:name/history',
      summary: 'What an upstream did, slot by slot',
      scope: 'read',
      parameters: [upstreamParameter, spanParameter],
      answer: json(ref('History')),
      handler: async ({ params, query }) => {
        const name = param(params, 'name')
        const spanMs = spanOf(query)
        findUpstream(await feed.read(), name)
        return feed.registry.upstreams.get(name)?.history.read(spanMs, feed.nowMs)
      },
    },
    {
      method: 'GET',
      url: '/api/v1/upstreams/:name/sparks',
      summary: 'Requests a second of every server over the last five minutes, for small charts',
      scope: 'read',
      parameters: [upstreamParameter],
      answer: json(ref('Sparks')),
      handler: async ({ params }) => {
        const name = param(params, 'name')
        findUpstream(await feed.read(), name)
        return sparksOf(
          [...(feed.registry.upstreams.get(name)?.servers.values() ?? [])],
          feed.nowMs,
        )
      },
    },
    {
      method: 'GET',
      url: '/api/v1/upstreams/:name/servers/:id/history',
      summary: 'What a server did, slot by slot',
      scope: 'read',
      parameters: [upstreamParameter, serverParameter, spanParameter],
      answer: json(ref('History')),
      handler: async ({ params, query }) => {
        const [name, id] = [param(params, 'name'), param(params, 'id')]
        const spanMs = spanOf(query)
        findServer(await feed.read(), name, id)
        const server = feed.registry.upstreams.get(name)?.servers.get(id)
        return server?.history.read(spanMs, feed.nowMs)
      },
    },
    {
      method: 'GET',
      url: '/api/v1/events',
      summary: 'The latest events, oldest first',
      scope: 'read',
      answer: json(object({ events: listOf(ref('Event')) })),
      handler: async () => ({ events: (await feed.read()).events }),
    },
  ]
}

const SPARK_MS = 300_000

function sparksOf(servers: readonly MergedServer[], nowMs: number): object {
  const pasts = servers.map(({ id, history }) => [id, history.read(SPARK_MS, nowMs)] as const)
  const [, { fromMs, stepMs } = { fromMs: nowMs, stepMs: SPARK_MS }] = pasts[0] ?? []
  return {
    fromMs,
    stepMs,
    servers: Object.fromEntries(pasts.map(([id, { series }]) => [id, series.requestsPerSecond])),
  }
}

function spanOf(query: unknown): number {
  const span = queryText(query, 'span') ?? '1h'
  const ms = SPANS.includes(span) ? parseDuration(span) : undefined
  if (ms === undefined) throw new RequestError(`span must be one of ${SPANS.join(', ')}`)
  return ms
}
