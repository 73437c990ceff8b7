/** The process that the row of the sidecar starts: statistics that tell how they fare themselves. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { type StatsOptions, stats } from '@holdfast/stats'
import Fastify from 'fastify'

const app = Fastify({ forceCloseConnections: true })
await app.register(stats, JSON.parse(process.argv[2] ?? '{}') as StatsOptions)
const origin = await app.listen({ port: 0, host: '127.0.0.1' })

const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
let since = { cpu: process.cpuUsage(), ms: performance.now() }
process.on('message', (question) => {
  if (question === 'reset') {
    delay.reset()
    since = { cpu: process.cpuUsage(), ms: performance.now() }
  }
  const { user, system } = process.cpuUsage(since.cpu)
  process.send?.({
    // The histogram counts the millisecond that it sleeps, too.
    delayP99Ms: delay.percentile(99) / 1e6 - 1,
    residentMb: process.memoryUsage.rss() / 2 ** 20,
    coreShare: (user + system) / 1e3 / Math.max(1, performance.now() - since.ms),
  })
})
// Whoever started us has ended.
process.on('disconnect', () => process.exit())
process.send?.({ origin })
