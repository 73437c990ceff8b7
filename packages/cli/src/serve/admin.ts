import type { ReplicaSnapshot } from '@holdfast/core'
import { type GatewayHandle, stats } from '@holdfast/stats'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { Endpoint, GatewayConfig, StatsConfig } from '../config/types.js'
import { listenOptions } from './listeners.js'

/** What operators may ask of a running gateway. */
export interface Operated {
  readonly draining: boolean
  /** One of each process that serves. */
  snapshots(): Promise<readonly ReplicaSnapshot[]>
  /** Where servers can be drained; undefined where that is not to be had in this process. */
  readonly handle: GatewayHandle | undefined
}

/** The listeners for operators, opened anew when their addresses change. */
export class OperatorListeners {
  readonly #operated: Operated
  readonly #log: FastifyBaseLogger
  #admin: Opened | undefined
  #stats: Opened | undefined

  constructor(operated: Operated, log: FastifyBaseLogger) {
    this.#operated = operated
    this.#log = log
  }

  /** @returns what has begun to listen, as log lines say it. */
  async follow({ admin, stats }: GatewayConfig): Promise<ReadonlyArray<readonly [string, string]>> {
    const opened: Array<readonly [string, string]> = []
    const adminKey = JSON.stringify(admin)
    if (this.#admin?.key !== adminKey) {
      const app = admin && (await createAdminApp(this.#operated, this.#log))
      await this.#admin?.app?.close()
      this.#admin = { key: adminKey, app }
      if (app !== undefined && admin !== undefined) opened.push(['admin', await listen(app, admin)])
    }
    const statsKey = JSON.stringify(stats)
    if (this.#stats?.key !== statsKey) {
      const app = stats && (await createStatsApp(this.#operated, stats, this.#log))
      await this.#stats?.app?.close()
      this.#stats = { key: statsKey, app }
      if (app !== undefined && stats !== undefined)
        opened.push(['stats', await listen(app, stats.listen)])
    }
    return opened
  }

  async close(): Promise<void> {
    await Promise.all([this.#admin?.app?.close(), this.#stats?.app?.close()])
  }
}

interface Opened {
  /** Tells whether it is still what is wanted. */
  readonly key: string | undefined
  readonly app: FastifyInstance | undefined
}

/** `/livez`, `/readyz`, `/snapshot` and `/metrics`. */
async function createAdminApp(
  operated: Operated,
  log: FastifyBaseLogger,
): Promise<FastifyInstance> {
  const app = bareApp(log)
  // Never listens: its metrics are asked for here, from this machine.
  const metrics = bareApp(log)
  await metrics.register(stats, { source: () => operated.snapshots() })
  app.addHook('onClose', () => metrics.close())
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  app.get('/livez', async () => ({ status: 'ok' }))
  // Never because of Redis or servers: another replica would fare no better.
  app.get('/readyz', async (_request, reply) =>
    operated.draining ? reply.code(503).send({ status: 'draining' }) : { status: 'ok' },
  )
  app.get('/snapshot', async () => {
    const snapshots = await operated.snapshots()
    return snapshots.length === 1 ? snapshots[0] : snapshots
  })
  app.get('/metrics', async (_request, reply) => {
    const { statusCode, headers, payload } = await metrics.inject('/metrics')
    return reply.code(statusCode).header('content-type', headers['content-type']).send(payload)
  })
  return app
}

async function createStatsApp(
  operated: Operated,
  { readToken, adminToken }: StatsConfig,
  log: FastifyBaseLogger,
): Promise<FastifyInstance> {
  const app = bareApp(log)
  const { handle } = operated
  await app.register(stats, {
    ...(handle === undefined ? { source: () => operated.snapshots() } : { gateway: handle }),
    tokens: { read: readToken, admin: adminToken },
  })
  return app
}

function bareApp(log: FastifyBaseLogger): FastifyInstance {
  return Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
    // An id is an address, and may be as long as one, percent-encoded.
    routerOptions: { maxParamLength: 1_024 },
  }) as unknown as FastifyInstance
}

async function listen(app: FastifyInstance, endpoint: Endpoint): Promise<string> {
  return await app.listen(listenOptions(endpoint))
}
