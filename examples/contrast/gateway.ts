import { randomBytes } from 'node:crypto'
import holdfast, { serverOptions } from '@holdfast/plugin'
import Fastify from 'fastify'
import { ready } from '../processes/ready.js'

/** The gateway before the shop: `node gateway.js sticky|shared REDIS_URL ADDRESS...`. */
const [way, redis, ...servers] = process.argv.slice(2)

const app = Fastify(serverOptions())
await app.register(holdfast, {
  upstream: {
    name: 'shop',
    servers,
    // The whole difference: with shared sessions any server will do.
    ...(way === 'sticky' && {
      sticky: { cookie: 'srv_id', keys: [randomBytes(32).toString('base64')] },
    }),
  },
  fleet: { redis },
  log: 'off',
})
ready(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).host)
