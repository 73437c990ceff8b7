import * as does from '@holdfast/test/fixtures/behaviour.js'
import { type FaultServer, startFaultServer } from '@holdfast/test/fixtures/fault-server.js'
import type { LoadResult } from '@holdfast/test/fixtures/load.js'
import { until } from '@holdfast/test/fixtures/until.js'
import { failed } from '../lib/course.js'
import { type Gateway, spawnGateway } from '../lib/gateway.js'
import { startSite, startUsualLoad } from '../lib/site.js'
import { wait, watchDuring } from '../lib/wait.js'
import type { Row } from '../row.js'
import type { Trial } from '../trial.js'

const well = (name: string): does.Behaviour =>
  does.answer({ body: JSON.stringify({ server: name }) })

async function threeServers(trial: Trial): Promise<FaultServer[]> {
  const servers = await Promise.all(
    ['a', 'b', 'c'].map((name) => startFaultServer({ script: () => well(name) })),
  )
  for (const server of servers) trial.after(() => server.close())
  return servers
}

const stateOf = async (gateway: Gateway, address: string): Promise<string | undefined> => {
  const { servers } = await gateway.snapshot()
  return servers.find((server) => server.address === address)?.state
}

const share = (some: readonly unknown[], all: readonly unknown[]): number =>
  (100 * some.length) / all.length

const serverErrors = (results: readonly LoadResult[]): readonly LoadResult[] =>
  results.filter(({ status = 599 }) => status >= 500)

export const brownouts: readonly Row[] = [
  {
    id: 'R14',
    what: '2 of 3 brown out (500 to everything), then the third as well',
    pass: 'never ejects the last; traffic flows',
    async run(trial) {
      const servers = await threeServers(trial)
      const gateway = await spawnGateway(trial, {
        upstream: {
          servers: servers.map(({ address }) => address),
          retry: { on: ['error', 'timeout', 500] },
        },
      })
      const brown = (server: FaultServer | undefined): void =>
        server?.behave(() => does.answer({ status: 500, body: 'brown' }))
      const thirdMs = (trial.seconds() * 1000) / 3
      const load = startUsualLoad(gateway, { durationMs: 3 * thirdMs })
      await wait(thirdMs)
      brown(servers[0])
      brown(servers[1])
      const live = await watchDuring(wait(thirdMs), 100, async () => {
        const { servers: states } = await gateway.snapshot()
        return states.filter(({ state }) => state !== 'ejected').length
      })
      brown(servers[2])
      const results = await load.done
      const phase = (n: number): readonly LoadResult[] =>
        results.filter(({ startedMs }) => Math.floor(startedMs / thirdMs) === n)
      const settled = phase(1).filter(({ startedMs }) => startedMs > thirdMs + 1_000)
      const unanswered = phase(2).filter(({ status }) => status !== 200 && status !== 500)
      return [
        { name: 'requests', value: results.length },
        { name: 'fewest servers not ejected', value: Math.min(...live), bound: { atLeast: 1 } },
        {
          name: '5xx from 1 s after',
          value: share(serverErrors(settled), settled),
          unit: '%',
          bound: { atMost: 0.5 },
        },
        { name: 'requests with all three brown', value: phase(2).length },
        {
          name: 'of those answered by no server',
          value: unanswered.length,
          bound: { exactly: 0 },
        },
      ]
    },
  },
  {
    id: 'R16',
    what: 'brownout: one of 3 answers 30 % 500, retry.on has 500',
    pass: 'ejected within 10 s; client 5xx at most 0.5 % after; back after it recovers',
    async run(trial) {
      const servers = await threeServers(trial)
      const [ill] = servers
      if (ill === undefined) throw new Error('no server')
      const gateway = await spawnGateway(trial, {
        upstream: {
          servers: servers.map(({ address }) => ({ address, failTimeout: '5s' })),
          retry: { on: ['error', 'timeout', 500] },
        },
      })
      const thirdMs = (trial.seconds() * 1000) / 3
      const startedMs = performance.now()
      const now = (): number => performance.now() - startedMs
      // It goes on until the server is back: a probe is one of its requests.
      const load = startUsualLoad(gateway, {})
      await wait(thirdMs)
      const illMs = now()
      ill.behave((_, i) =>
        trial.random.below(10) < 3 ? does.answer({ status: 500 }) : well(`a${i}`),
      )
      await until('ejected', async () => (await stateOf(gateway, ill.address)) === 'ejected', {
        deadlineMs: 15_000,
      })
      const ejectedMs = now()
      await wait(Math.max(0, 2 * thirdMs - ejectedMs))
      ill.behave(() => well('a'))
      const recoveredMs = now()
      await until('back', async () => (await stateOf(gateway, ill.address)) === 'up', {
        deadlineMs: 20_000,
      })
      const backMs = now()
      await wait(thirdMs)
      const results = await load.stop()
      const after = results.filter(({ startedMs: at }) => at > ejectedMs)
      return [
        { name: 'requests', value: results.length },
        {
          name: 'ejected after',
          value: ejectedMs - illMs,
          unit: 'ms',
          bound: { atMost: 10_000 },
        },
        {
          name: '5xx since then',
          value: share(serverErrors(after), after),
          unit: '%',
          bound: { atMost: 0.5 },
        },
        { name: 'back after', value: backMs - recoveredMs, unit: 'ms', bound: { atMost: 15_000 } },
      ]
    },
  },
  {
    id: 'R17',
    what: 'one slow (2 s against 20 ms), least-conn',
    pass: 'its share of new sessions at most 10 %',
    async run(trial) {
      const { gateway } = await startSite(trial, {
        delaysMs: [2_000, 20, 20],
        upstream: { balance: 'least-conn' },
      })
      const results = await startUsualLoad(gateway, { durationMs: trial.seconds() * 1000 }).done
      const fresh = results.filter(({ session }) => session === undefined)
      const slow = fresh.filter(({ server }) => server === 'a')
      return [
        { name: 'new sessions', value: fresh.length },
        { name: 'failed', value: failed(results).length, bound: { exactly: 0 } },
        {
          name: 'share of the slow one',
          value: share(slow, fresh),
          unit: '%',
          bound: { atMost: 10 },
        },
      ]
    },
  },
]
