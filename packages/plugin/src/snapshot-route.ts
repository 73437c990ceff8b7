import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Gateway } from './gateway.js'
import type { SnapshotRouteOptions } from './options.js'

/** Serves the replica's snapshot to whoever has the token, for a sidecar without Redis. */
export function serveSnapshot(
  app: FastifyInstance,
  gateway: Gateway,
  { path, token }: SnapshotRouteOptions,
): void {
  const expected = digest(`Bearer ${token}`)
  app.get(path, (request, reply) => {
    const given = digest(request.headers.authorization ?? '')
    reply.header('cache-control', 'no-store')
    if (!timingSafeEqual(given, expected)) {
      return reply.code(401).header('www-authenticate', 'Bearer').send({ error: 'unauthorized' })
    }
    return reply.send(gateway.snapshot())
  })
}

// Digests have one length, so comparing them tells nothing of the token's.
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
