import type { Writable } from 'node:stream'
import Fastify, { type FastifyBaseLogger } from 'fastify'

/** JSON lines, as Fastify writes them: all that a process serves shares one. */
export function createLogger(stream: Writable, name?: string): FastifyBaseLogger {
  const { log } = Fastify({ logger: { level: 'info', stream } })
  return name === undefined ? log : log.child({ worker: name })
}
