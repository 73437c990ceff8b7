import type { FastifyInstance } from 'fastify'
import type { Snapshots } from '../sources/source.js'

/** Whether the process lives, and whether it has statistics to give. */
export function probeRoutes(app: FastifyInstance, snapshots: Snapshots): void {
  app.get('/healthz', async () => ({ status: 'ok' }))

  app.get('/readyz', async () => {
    await snapshots.read()
    return { status: 'ok' }
  })
}
