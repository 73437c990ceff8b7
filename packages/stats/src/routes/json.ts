import { parseDuration } from '@holdfast/core'
import type { Feed, State } from '../feed.js'
import { jsonPieces } from '../json.js'
import { stretch } from '../registry/history.js'
import type { MergedServer } from '../registry/merged-server.js'
import { listOf, object, ref } from '../schemas/schema.js'
import { encode, type Steps, type Turns } from '../turns.js'
import { type Endpoint, JSON_TYPE, json, serverParameter, upstreamParameter } from './endpoint.js'
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
export function jsonEndpoints(feed: Feed, turns: Turns): readonly Endpoint[] {
  // Everybody who asks for all of a state gets the same bytes, made once.
  const whole = new WeakMap<State, Promise<Buffer>>()
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
      handler: async (_request, reply) => {
        const state = await feed.read()
        const { upstreams } = state
        const made = whole.get(state) ?? turns.run(encode(jsonPieces({ upstreams }, 4)))
        whole.set(state, made)
        return reply.type(JSON_TYPE).send(await made)
      },
    },
    {
      method: 'GET',
      url: '/api/v1/upstreams/:name',
      summary: 'One upstream',
      scope: 'read',
      parameters: [upstreamParameter],
      answer: json(ref('Upstream')),
      handler: async ({ params }, reply) => {
        const upstream = findUpstream(await feed.read(), param(params, 'name'))
        return reply.type(JSON_TYPE).send(await turns.run(encode(jsonPieces(upstream, 2))))
      },
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
      handler: async ({ params }, reply) => {
        const name = param(params, 'name')
        findUpstream(await feed.read(), name)
        const servers = feed.registry.upstreams.get(name)?.servers.values() ?? []
        return reply.type(JSON_TYPE).send(await turns.run(sparksJson(servers, feed.nowMs)))
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

function* sparksJson(servers: Iterable<MergedServer>, nowMs: number): Steps<Buffer> {
  const { fromMs, stepMs } = stretch(SPARK_MS, nowMs)
  const sparks: [string, ReadonlyArray<number | null>][] = []
  for (const { id, history } of servers) {
    sparks.push([id, history.series('requestsPerSecond', SPARK_MS, nowMs)])
    yield
  }
  return yield* encode(jsonPieces({ fromMs, stepMs, servers: Object.fromEntries(sparks) }, 2))
}

function spanOf(query: unknown): number {
  const span = queryText(query, 'span') ?? '1h'
  const ms = SPANS.includes(span) ? parseDuration(span) : undefined
  if (ms === undefined) throw new RequestError(`span must be one of ${SPANS.join(', ')}`)
  return ms
}
