import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { StatsOptions } from '@holdfast/stats'
import { separate } from '../lib/cores.js'
import { startReplicaFarm } from '../lib/replica-farm.js'
import { wait } from '../lib/wait.js'
import type { Row } from '../row.js'
import type { Trial } from '../trial.js'

const SERVERS = 1_000
const REPLICAS = 50
const DASHBOARDS = 20
const POLLS_A_SECOND = 20
const TOKEN = 'token-of-the-replicas'

export const sidecar: readonly Row[] = [
  {
    id: 'R31',
    what: `${SERVERS} servers on ${REPLICAS} replicas, ${DASHBOARDS} dashboards, the API polled ${POLLS_A_SECOND} times a second`,
    pass: 'event-loop delay p99 at most 20 ms, every poll answered',
    async run(trial) {
      const { urls } = await startReplicaFarm(trial, { replicas: REPLICAS, servers: SERVERS })
      const sidecar = await spawnSidecar(trial, {
        replicas: urls.map((url) => ({ url, token: TOKEN })),
      })
      await sidecar.warmUp()
      const dashboards = Array.from({ length: DASHBOARDS }, () => watch(sidecar.origin))
      await wait(3_000)
      const seconds = trial.seconds()
      await sidecar.ask('reset')
      const before = dashboards.map(({ bytes }) => bytes())
      let [polls, refused] = [0, 0]
      const endMs = performance.now() + seconds * 1_000
      const waiting: Array<Promise<void>> = []
      while (performance.now() < endMs) {
        polls += 1
        waiting.push(
          poll(sidecar.origin).then((isAnswered) => {
            if (!isAnswered) refused += 1
          }),
        )
        await wait(1_000 / POLLS_A_SECOND)
      }
      await Promise.all(waiting)
      const { delayP99Ms, residentMb, coreShare } = await sidecar.ask('figures')
      const read = dashboards.map(({ bytes }, i) => bytes() - (before[i] ?? 0))
      for (const { close } of dashboards) close()
      return [
        { name: 'event-loop delay p99', value: delayP99Ms, unit: 'ms', bound: { atMost: 20 } },
        { name: 'polls', value: polls },
        { name: 'not answered', value: refused, bound: { exactly: 0 } },
        { name: 'of one core', value: Math.round(coreShare * 100), unit: '%' },
        { name: 'resident', value: Math.round(residentMb), unit: 'MB' },
        {
          name: 'a dashboard reads',
          value: Math.round(
            read.reduce((sum, bytes) => sum + bytes, 0) / DASHBOARDS / seconds / 1e3,
          ),
          unit: 'KB a second',
        },
      ]
    },
  },
]

interface Figures {
  readonly delayP99Ms: number
  readonly residentMb: number
  /** Of one core, since the reset. */
  readonly coreShare: number
}

async function spawnSidecar(trial: Trial, options: StatsOptions) {
  const program = fileURLToPath(new URL('../lib/sidecar-process.js', import.meta.url))
  const child = fork(program, [JSON.stringify(options)])
  trial.after(() => child.kill('SIGKILL'))
  // It measures itself, by its own event loop: the load is made in this process, on other cores.
  trial.tell(`the sidecar has ${separate(trial, child.pid ?? 0)}`)
  const [{ origin }] = (await once(child, 'message')) as [{ origin: string }]
  return {
    origin,
    async ask(question: 'figures' | 'reset'): Promise<Figures> {
      const answered = once(child, 'message')
      child.send(question)
      const [figures] = (await answered) as [Figures]
      return figures
    },
    /** Waits until all replicas have been heard. */
    async warmUp(): Promise<void> {
      for (let tries = 0; tries < 60; tries += 1) {
        const response = await fetch(`${origin}/api/v1/fleet`)
        const { replicas = [] } = (await response.json()) as { replicas?: readonly unknown[] }
        if (replicas.length === REPLICAS) return
        await wait(500)
      }
      throw new Error('the replicas were not heard')
    },
  }
}

async function poll(origin: string): Promise<boolean> {
  const response = await fetch(`${origin}/api/v1/upstreams`)
  await response.arrayBuffer()
  return response.ok
}

/** A dashboard, as far as the network sees one. */
function watch(origin: string) {
  const abort = new AbortController()
  let bytes = 0
  const read = async (): Promise<void> => {
    const response = await fetch(`${origin}/events`, { signal: abort.signal })
    for await (const chunk of response.body ?? []) bytes += chunk.length
  }
  read().catch(() => undefined)
  return { bytes: () => bytes, close: () => abort.abort() }
}
