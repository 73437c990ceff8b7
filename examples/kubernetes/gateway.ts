import { setTimeout as delay } from 'node:timers/promises'
import holdfast, { serverOptions } from '@holdfast/plugin'
import Fastify from 'fastify'
import { inCluster } from './api.js'
import { endpointSlices } from './endpoint-slices.js'

const { SERVICE = 'shop', STICKY_KEY, PORT_NAME = 'http' } = process.env

const app = Fastify({ ...serverOptions(), logger: true, trustProxy: ['10.0.0.0/8'] })

let draining = false
app.get('/livez', () => 'ok')
app.get('/readyz', (_request, reply) => reply.code(draining ? 503 : 200).send(''))

await app.register(holdfast, {
  upstream: {
    name: 'shop',
    discover: endpointSlices({ api: await inCluster(), service: SERVICE, port: PORT_NAME }),
    sticky: { cookie: 'srv_id', keys: [STICKY_KEY] },
  },
})

process.once('SIGTERM', async () => {
  // First the Service has to learn it, then those who are here are served to their end.
  draining = true
  await delay(5_000)
  await app.holdfast.drain({ deadline: '20s' })
  await app.close()
})

await app.listen({ port: 8080, host: '0.0.0.0' })
