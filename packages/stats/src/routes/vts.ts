import { hostname } from 'node:os'
import type { Feed, State } from '../feed.js'
import { jsonPieces } from '../json.js'
import { mapOf, number, text } from '../schemas/schema.js'
import { encode, type Steps, type Turns } from '../turns.js'
import type { ServerView } from '../view/types.js'
import { type Endpoint, JSON_TYPE, json } from './endpoint.js'

/** What the format's own counters wrap at; ours do not wrap that soon. */
const MAX_INTEGER = Number.MAX_SAFE_INTEGER
const NO_OVERFLOWS = {
  maxIntegerSize: MAX_INTEGER,
  requestCounter: 0,
  inBytes: 0,
  outBytes: 0,
  '1xx': 0,
  '2xx': 0,
  '3xx': 0,
  '4xx': 0,
  '5xx': 0,
  requestMsecCounter: 0,
  responseMsecCounter: 0,
}

/**
 * nginx-module-vts's status, as far as upstreams go, so that tools made for it read this too. It
 * counts what the answers of an attempt took, not what requests took in all: both times are that.
 */
export function vtsEndpoint(feed: Feed, turns: Turns): Endpoint {
  return {
    method: 'GET',
    url: '/status/format/json',
    summary: 'The upstreamZones of nginx-module-vts',
    scope: 'read',
    answer: json(mapOf({ anyOf: [text, number, mapOf({})] })),
    handler: async (_request, reply) =>
      reply.type(JSON_TYPE).send(await turns.run(vtsStatus(await feed.read()))),
  }
}

function* vtsStatus({ fleet, upstreams }: State): Steps<Buffer> {
  const zones: [string, object[]][] = []
  for (const { name, servers } of upstreams) {
    const zone: object[] = []
    zones.push([name, zone])
    for (const server of servers) {
      zone.push(vtsServer(server))
      yield
    }
  }
  const starts = fleet.replicas.map(({ startedAt }) => startedAt)
  const [version = ''] = fleet.replicas.map((replica) => replica.package)
  const servers = upstreams.flatMap((upstream) => upstream.servers)
  const requests = servers.reduce((sum, server) => sum + server.requests, 0)
  const active = servers.reduce((sum, server) => sum + server.active, 0)
  const status = {
    hostName: hostname(),
    moduleVersion: `holdfast ${version}`,
    nginxVersion: '',
    loadMsec: Math.min(fleet.at, ...starts),
    nowMsec: fleet.at,
    connections: {
      active,
      reading: 0,
      writing: active,
      waiting: 0,
      accepted: requests,
      handled: requests,
      requests,
    },
    upstreamZones: Object.fromEntries(zones),
  }
  return yield* encode(jsonPieces(status, 3))
}

function vtsServer(server: ServerView): object {
  const { latency, bytes, responses, weight, backup, state } = server
  const msec = Math.round(latency.sum)
  const answers = latency.counts.reduce((sum, count) => sum + count, 0)
  const average = answers === 0 ? 0 : Math.round(msec / answers)
  const buckets = { msecs: latency.bounds, counters: cumulated(latency.counts) }
  const noSamples = { times: [], msecs: [] }
  return {
    server: server.address,
    requestCounter: server.attempts,
    inBytes: bytes.in,
    outBytes: bytes.out,
    responses,
    requestMsecCounter: msec,
    requestMsec: average,
    requestMsecs: noSamples,
    requestBuckets: buckets,
    responseMsecCounter: msec,
    responseMsec: average,
    responseMsecs: noSamples,
    responseBuckets: buckets,
    weight,
    maxFails: server.maxFails ?? 0,
    failTimeout: server.failTimeoutS ?? 0,
    backup,
    down: state === 'down' || state === 'ejected',
    overCounts: NO_OVERFLOWS,
  }
}

function cumulated(counts: readonly number[]): readonly number[] {
  let sum = 0
  return counts.slice(0, -1).map((count) => {
    sum += count
    return sum
  })
}
