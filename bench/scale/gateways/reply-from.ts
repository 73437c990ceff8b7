import replyFrom from '@fastify/reply-from'
import Fastify from 'fastify'
import { KEEP_ALIVE_MS, roundRobin, serving, upstreams } from './serving.js'

const app = Fastify({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0, logger: false })
await app.register(replyFrom, { base: '', disableRequestLogging: true })
for (const { prefix, servers } of upstreams) {
  const options = { getUpstream: roundRobin(servers) }
  app.all(`${prefix}/*`, (_request, reply) => reply.from(undefined, options))
}
await app.listen({ host: '127.0.0.1', port: 0 })
serving(app.server)
