import holdfast, { serverOptions } from '@holdfast/plugin'
import Fastify from 'fastify'
import { listening, redis, servers } from './arguments.js'

const app = Fastify({ ...serverOptions(), logger: false })
await app.register(holdfast, {
  upstream: {
    name: 'bench',
    servers,
    sticky: { cookie: 'srv_id', keys: ['a key for nothing but this benchmark'] },
  },
  ...(redis === undefined ? {} : { fleet: { redis } }),
  log: 'off',
})
await app.listen({ host: '127.0.0.1', port: 0 })
listening(app.server)
