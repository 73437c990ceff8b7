import { createHash, timingSafeEqual } from 'node:crypto'
import createError, { type FastifyErrorConstructor } from '@fastify/error'
import { OptionError } from '@holdfast/core'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Gateway } from './gateway.js'
import { overrideServer } from './holdfast.js'
import type { SnapshotRouteOptions } from './options.js'

/**
 * Serves the replica's snapshot to whoever has the token, for a sidecar without Redis. With an
 * admin token, `POST { upstream, server, mode?, weight?, by? }` overrides a server here; without
 * mode and weight its configuration holds again.
 */
export function serveSnapshot(
  app: FastifyInstance,
  gateway: Gateway,
  { path, token, adminToken }: SnapshotRouteOptions,
): void {
  app.get(path, { onRequest: guard(token) }, (_request, reply) => reply.send(gateway.snapshot()))
  if (adminToken === undefined) return
  app.post(path, { onRequest: guard(adminToken) }, (request, reply) => {
    const { upstream, server, mode, weight, by }: Body = Object(request.body)
    const known = typeof upstream === 'string' ? gateway.find(upstream) : undefined
    if (known === undefined) throw new RefusedError('there is no such upstream')
    if (by !== undefined && typeof by !== 'string') throw new RefusedError('by must be text')
    try {
      // Whether it may be the last one is for the sidecar to ask: it sees the whole fleet.
      overrideServer(known, String(server), { state: mode, weight, force: true }, by)
    } catch (error) {
      throw error instanceof OptionError ? new RefusedError(error.message) : error
    }
    return reply.send({ upstream, server, mode, weight })
  })
}

/** What somebody sent; `overrideServer` looks at the values. */
interface Body {
  readonly upstream?: unknown
  readonly server?: unknown
  readonly mode?: 'up' | 'drain' | 'down'
  readonly weight?: number
  readonly by?: unknown
}

const RefusedError: FastifyErrorConstructor<{ code: 'HOLDFAST_REFUSED' }, [string]> = createError(
  'HOLDFAST_REFUSED',
  '%s',
  400,
)

function guard(token: string): (request: FastifyRequest, reply: FastifyReply) => Promise<unknown> {
  const expected = digest(`Bearer ${token}`)
  return async ({ headers }, reply) => {
    reply.header('cache-control', 'no-store')
    if (timingSafeEqual(digest(headers.authorization ?? ''), expected)) return undefined
    return reply.code(401).header('www-authenticate', 'Bearer').send({ error: 'unauthorized' })
  }
}

// Digests have one length, so comparing them tells nothing of the token's.
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
