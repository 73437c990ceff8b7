import holdfast, { serverOptions } from '@holdfast/plugin'
import Fastify from 'fastify'
import { checks, KEEP_ALIVE_MS, serving, upstreams } from './serving.js'

const app = Fastify({ ...serverOptions(), keepAliveTimeout: KEEP_ALIVE_MS, logger: false })
for (const { name, prefix, servers } of upstreams) {
  await app.register(holdfast, {
    prefix,
    upstream: {
      name,
      servers,
      sticky: { cookie: 'srv_id', keys: ['a key for nothing but this benchmark'] },
      ...(checks ? { checks: {} } : {}),
    },
    log: 'off',
  })
}
await app.listen({ host: '127.0.0.1', port: 0 })
serving(app.server)
