import replyFrom from '@fastify/reply-from'
import Fastify from 'fastify'
import { listening, roundRobin } from './arguments.js'

const options = { getUpstream: roundRobin() }

const app = Fastify({ logger: false })
await app.register(replyFrom, { base: '', disableRequestLogging: true })
app.all('/*', (_request, reply) => reply.from(undefined, options))
await app.listen({ host: '127.0.0.1', port: 0 })
listening(app.server)
