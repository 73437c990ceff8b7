import type { FastifyRequest } from 'fastify'
import type { Target } from '../control/control.js'
import type { DrainReport } from '../control/drain-report.js'
import type { DrainWatch } from '../control/drain-watch.js'
import { ref, text } from '../schemas/schema.js'
import {
  type Endpoint,
  json,
  type Parameter,
  serverParameter,
  upstreamParameter,
} from './endpoint.js'
import { param, queryDuration } from './query.js'

export const LONGEST_WAIT_MS = 86_400_000

export const waitParameter: Parameter = {
  name: 'wait',
  in: 'query',
  description: 'How long to wait for `safeToStop`, such as 10m; not at all when absent.',
  schema: text,
}

/** May this server be stopped now? */
export function drainEndpoint(watch: DrainWatch): Endpoint {
  return {
    method: 'GET',
    url: '/api/v1/upstreams/:name/servers/:id/drain',
    summary: 'How far a server is from being stopped without loss',
    scope: 'read',
    parameters: [upstreamParameter, serverParameter, waitParameter],
    answer: json(ref('Drain')),
    handler: async (request) =>
      reportOf(watch, request, queryDuration(request.query, 'wait', LONGEST_WAIT_MS)),
  }
}

/** The report, waited for as long as the caller likes and is there. */
export async function reportOf(
  watch: DrainWatch,
  request: FastifyRequest,
  waitMs: number | undefined,
): Promise<DrainReport> {
  const target = targetOf(request)
  if (waitMs === undefined) return watch.report(target)
  return whileThere(request, (gone) => watch.wait(target, waitMs, gone))
}

/** Does what takes a while, and tells it when the caller has gone. */
export async function whileThere<T>(
  { socket }: FastifyRequest,
  work: (gone: AbortSignal) => Promise<T>,
): Promise<T> {
  const gone = new AbortController()
  const leave = (): void => gone.abort()
  socket.once('close', leave)
  try {
    return await work(gone.signal)
  } finally {
    socket.off('close', leave)
  }
}

export function targetOf({ params }: FastifyRequest): Target {
  return { upstream: param(params, 'name'), server: param(params, 'id') }
}
