import Fastify, { type FastifyInstance } from 'fastify'
import { stats } from '../stats.js'
import type { Settings } from './settings.js'

/** Of 255 characters, each of which may be percent-encoded. */
const LONGEST_ID = 1_024

/**
 * Starts the sidecar.
 * @throws OptionError, or what listening throws; nothing is left open then.
 */
export async function serve(settings: Settings): Promise<FastifyInstance> {
  const app = Fastify({
    logger: { level: settings.logLevel },
    // Viewers and those who wait for a drain would hold up its end.
    forceCloseConnections: true,
    routerOptions: { maxParamLength: LONGEST_ID },
  })
  try {
    await app.register(stats, settings.stats)
    await app.listen({ host: settings.host, port: settings.port })
  } catch (error) {
    await app.close()
    throw error
  }
  return app
}
