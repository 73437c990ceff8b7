/** The process that `spawnGateway` starts: one upstream, and a parent who asks it about itself. */
import { holdfast, serverOptions } from '@holdfast/plugin'
import Fastify from 'fastify'
import type { Answer, Ask, GatewayOptions } from './gateway.js'

const { upstream, plugin, fastify, logLevel } = JSON.parse(
  process.argv[2] ?? '{}',
) as GatewayOptions

const systemNow = Date.now
const app = Fastify({
  ...serverOptions(),
  logger: logLevel === undefined ? false : { level: logLevel },
  ...fastify,
})
await app.register(holdfast, { upstream, ...plugin })
const origin = await app.listen({ port: 0, host: '127.0.0.1' })

process.on('message', ({ id, question, value }: Ask) => {
  process.send?.({ id, value: answers[question](value as never) } satisfies Answer)
})
// Whoever started us has ended.
process.on('disconnect', () => process.exit())
process.stdout.write(`listening ${new URL(origin).host}\n`)

const handle = app.holdfast.get(upstream.name)
const answers: Record<Ask['question'], (value: never) => unknown> = {
  snapshot: () => handle.snapshot(),
  update: (change: Parameters<typeof handle.update>[0]) => handle.update(change),
  collect() {
    global.gc?.()
    return process.memoryUsage().heapUsed / 2 ** 20
  },
  wall(ms: number | null) {
    Date.now = ms === null ? systemNow : () => ms
  },
}
