import type { FastifyInstance } from 'fastify'
import type { Snapshots } from '../sources/source.js'
import { viewFleet, viewUpstreams } from '../view.js'

/** The statistics as JSON, under `/api/v1`. */
export function jsonRoutes(app: FastifyInstance, snapshots: Snapshots): void {
  app.get('/api/v1/fleet', async () => viewFleet(await snapshots.read()))

  app.get('/api/v1/upstreams', async () => ({ upstreams: viewUpstreams(await snapshots.read()) }))

  app.get<{ Params: { name: string } }>(
    '/api/v1/upstreams/:name',
    async ({ params: { name } }, reply) => {
      const upstream = viewUpstreams(await snapshots.read()).find((each) => each.name === name)
      if (upstream !== undefined) return upstream
      return reply.code(404).send({
        statusCode: 404,
        code: 'HOLDFAST_UNKNOWN_UPSTREAM',
        error: 'Not Found',
        message: `There is no upstream ${JSON.stringify(name)}`,
      })
    },
  )
}
