import type { ReplicaSnapshot } from '@holdfast/core'
import type { FastifyInstance } from 'fastify'
import type { SnapshotSource } from './source.js'

/** As much of the plugin's decoration as the statistics need. */
interface Gateway {
  snapshot(): ReplicaSnapshot
}

/** The gateway that `app` is itself, where the plugin is registered on it already. */
export function gatewayOf(app: FastifyInstance): SnapshotSource | undefined {
  if (!app.hasDecorator('holdfast')) return undefined
  const gateway = app.getDecorator<Gateway>('holdfast')
  return () => gateway.snapshot()
}
