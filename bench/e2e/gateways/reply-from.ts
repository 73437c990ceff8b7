import replyFrom from '@fastify/reply-from'
import Fastify from 'fastify'
import { listening, servers } from './arguments.js'

const origins = servers.map((address) => `http://${address}`)
let turn = 0
const options = {
  getUpstream: () => {
    turn = (turn + 1) % origins.length
    return origins[turn] ?? ''
  },
}

const app = Fastify({ logger: false })
await app.register(replyFrom, { base: '', disableRequestLogging: true })
app.all('/*', (_request, reply) => reply.from(undefined, options))
await app.listen({ host: '127.0.0.1', port: 0 })
listening(app.server)
