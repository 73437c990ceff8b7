import holdfast, { serverOptions } from '@holdfast/plugin'
import Fastify from 'fastify'
import { ready } from '../processes/ready.js'

/** What a replica is started with, as JSON. All but its name and port is the same for each. */
export interface ReplicaOptions {
  readonly redis: string
  readonly key: string
  readonly servers: ReadonlyArray<{ readonly id: string; readonly address: string }>
}

const { name, port, redis, key, servers } = JSON.parse(
  process.argv[2] ?? '{}',
) as ReplicaOptions & {
  readonly name: string
  readonly port: number
}

// Visitors' addresses come from the balancer before the gateways; here it is whoever asks.
const app = Fastify({ ...serverOptions(), trustProxy: '127.0.0.1' })
await app.register(holdfast, {
  prefix: '/shop',
  upstream: {
    name: 'shop',
    // Parallel first requests of a new visitor agree, whichever replicas they reach.
    balance: { hash: '$remote_addr', loadFactor: 2 },
    servers: servers.map((server) => ({ ...server, maxFails: 2, failTimeout: '2s' })),
    sticky: { cookie: 'shop_route', keys: [key], idle: '10m' },
  },
  fleet: { redis, replica: name },
  log: 'off',
})
ready(new URL(await app.listen({ host: '127.0.0.1', port })).host)
