import httpProxy from '@fastify/http-proxy'
import Fastify from 'fastify'
import { KEEP_ALIVE_MS, roundRobin, serving, upstreams } from './serving.js'

const app = Fastify({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0, logger: false })
for (const { prefix, servers } of upstreams) {
  await app.register(httpProxy, {
    prefix,
    upstream: '',
    replyOptions: { getUpstream: roundRobin(servers) },
    disableRequestLogging: true,
    websocket: true,
  })
}
await app.listen({ host: '127.0.0.1', port: 0 })
serving(app.server)
