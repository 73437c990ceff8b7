import type { Mode, ReplicaSnapshot, UpstreamEvent } from '@holdfast/core'
import type { FastifyInstance } from 'fastify'
import { type Control, ControlError } from '../control/control.js'
import type { Source } from './source.js'

/** As much of the plugin's decoration, `app.holdfast`, as the statistics need. */
export interface GatewayHandle {
  snapshot(): ReplicaSnapshot
  get(name: string): {
    override(
      id: string,
      word: {
        readonly state?: Mode | undefined
        readonly weight?: number | undefined
        readonly ttl?: string | undefined
        readonly force?: boolean | undefined
      },
      by?: string,
    ): void
    on(event: UpstreamEvent['type'], listener: () => void): () => void
  }
}

/** The gateway that `app` is itself, where the plugin is registered on it already. */
export function gatewayOf(app: FastifyInstance): GatewayHandle | undefined {
  return app.hasDecorator('holdfast') ? app.getDecorator<GatewayHandle>('holdfast') : undefined
}

/** A gateway of this process. */
export function createGatewaySource(gateway: GatewayHandle): Source {
  return {
    freshMs: 0,
    control: createControl(gateway),
    async poll(sink) {
      await sink.take(gateway.snapshot(), IN_PROCESS)
    },
    watch(wake) {
      const names = gateway.snapshot().upstreams.map(({ name }) => name)
      const ends = names.flatMap((name) =>
        (['ejected', 'probing', 'returned', 'override'] as const).map((event) =>
          gateway.get(name).on(event, wake),
        ),
      )
      return () => {
        for (const end of ends) end()
      }
    },
  }
}

const IN_PROCESS = 'this process'

function createControl(gateway: GatewayHandle): Control {
  return {
    expires: false,
    async override({ upstream, server }, { mode, weight }, by, ttlMs) {
      const known = gateway.snapshot().upstreams.find(({ name }) => name === upstream)
      if (known?.servers.some(({ id }) => id === server) !== true) {
        throw new ControlError(404, 'HOLDFAST_UNKNOWN_SERVER', 'There is no such server')
      }
      const ttl = ttlMs === undefined ? undefined : `${ttlMs}ms`
      // Whether it is the last server was asked already, of all replicas.
      gateway.get(upstream).override(server, { state: mode, weight, ttl, force: true }, by)
    },
  }
}

/** Snapshots from a function of the user's own: of one replica, or of all that are known. */
export type SnapshotSource = () =>
  | ReplicaSnapshot
  | readonly ReplicaSnapshot[]
  | Promise<ReplicaSnapshot | readonly ReplicaSnapshot[]>

export function createFunctionSource(read: SnapshotSource): Source {
  return {
    freshMs: 0,
    control: undefined,
    async poll(sink) {
      try {
        for (const snapshot of [await read()].flat()) await sink.take(snapshot, 'source')
      } catch (error) {
        sink.fail('source', error)
      }
    },
  }
}
