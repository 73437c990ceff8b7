import httpProxy from '@fastify/http-proxy'
import Fastify from 'fastify'
import { listening, roundRobin } from './arguments.js'

const app = Fastify({ logger: false })
await app.register(httpProxy, {
  upstream: '',
  replyOptions: { getUpstream: roundRobin() },
  disableRequestLogging: true,
  websocket: true,
})
await app.listen({ host: '127.0.0.1', port: 0 })
listening(app.server)
