import { spawnRollingGateway } from '@holdfast/test/fixtures/rolling-gateway.js'
import { failed, movesIn, p99Ms } from '../lib/course.js'
import { spawnServer, startUsualLoad } from '../lib/site.js'
import type { Row } from '../row.js'

export const restarts: readonly Row[] = [
  {
    id: 'SIGTERM',
    what: '20 restarts of the gateway under load, its port kept open by another process',
    pass: '0 non-2xx, 0 resets of requests that were sent, 0 sessions moved',
    async run(trial) {
      const servers = await Promise.all(
        ['a', 'b', 'c'].map((name) => spawnServer(trial, { name, delayMs: 5 })),
      )
      const gateway = await spawnRollingGateway({
        servers: servers.map(({ address }) => address),
        deadline: '5s',
      })
      trial.after(() => gateway.stop())
      const load = startUsualLoad(gateway, {})
      const times = trial.count(20)
      for (let done = 1; done <= times; done += 1) {
        await gateway.restart()
        trial.tell(`restart ${done} of ${times}`)
      }
      const results = await load.stop()
      return [
        { name: 'restarts', value: times },
        { name: 'requests', value: results.length },
        { name: 'failed', value: failed(results).length, bound: { exactly: 0 } },
        { name: 'sessions moved', value: movesIn(results).length, bound: { exactly: 0 } },
        { name: 'p99', value: p99Ms(results), unit: 'ms' },
      ]
    },
  },
]
