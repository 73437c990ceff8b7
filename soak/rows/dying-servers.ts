import { percentile } from '@holdfast/test/fixtures/load.js'
import { until } from '@holdfast/test/fixtures/until.js'
import {
  executions,
  failed,
  type Loss,
  loadUnderFault,
  lost,
  movesIn,
  p99Ms,
  repeated,
  unexcused,
} from '../lib/course.js'
import { type AppProcess, type Site, spawnServer, startSite, startUsualLoad } from '../lib/site.js'
import { wait } from '../lib/wait.js'
import type { Row } from '../row.js'

const first = ({ servers }: Site): AppProcess => {
  const [server] = servers
  if (server === undefined) throw new Error('a site without servers')
  return server
}

export const dyingServers: readonly Row[] = [
  {
    id: 'R1',
    what: 'SIGKILL 1 of 3, GET',
    pass: '0 failed; p99 of the 5 s after at most base + 250 ms',
    async run(trial) {
      const site = await startSite(trial)
      const victim = first(site)
      const course = await loadUnderFault(site, {
        seconds: trial.seconds(),
        strike: () => victim.kill(),
      })
      const soon = course.after.filter(({ startedMs }) => startedMs < course.struckMs + 5_000)
      const base = p99Ms(course.before)
      const executed = await executions(trial, site.servers)
      return [
        { name: 'requests', value: course.results.length },
        { name: 'failed', value: failed(course.results).length, bound: { exactly: 0 } },
        { name: 'lost', value: lost(course.results, executed).length, bound: { exactly: 0 } },
        { name: 'p99 before', value: base, unit: 'ms' },
        { name: 'p99 after', value: p99Ms(soon), unit: 'ms', bound: { atMost: base + 250 } },
      ]
    },
  },
  {
    id: 'R2',
    what: 'SIGKILL 1 of 3, POST',
    pass: '0 executed twice; failures only of those in flight on it, all 502; what was never sent is retried',
    async run(trial) {
      const site = await startSite(trial)
      const victim = first(site)
      const course = await loadUnderFault(site, {
        seconds: trial.seconds(),
        request: () => ({ method: 'POST', body: 'an order' }),
        strike: () => victim.kill(),
      })
      const failures = failed(course.results)
      const inFlight = course.results.filter(
        ({ startedMs, tookMs }) =>
          startedMs <= course.doneMs && startedMs + tookMs >= course.struckMs,
      )
      const executed = await executions(trial, site.servers)
      return [
        { name: 'requests', value: course.results.length },
        { name: 'executed twice', value: repeated(executed), bound: { exactly: 0 } },
        { name: 'lost', value: lost(course.results, executed).length, bound: { exactly: 0 } },
        { name: 'in flight at the kill', value: inFlight.length },
        { name: 'failed', value: failures.length },
        {
          name: 'failed that were not in flight',
          value: failures.filter((one) => !inFlight.includes(one)).length,
          bound: { exactly: 0 },
        },
        {
          name: 'failed otherwise than with 502',
          value: failures.filter(({ status }) => status !== 502).length,
          bound: { exactly: 0 },
        },
      ]
    },
  },
  {
    id: 'R3',
    what: 'stickiness through faults: one killed and restarted, one frozen and thawed',
    pass: '0 wrong server; sessions of live servers moved 0; each lost session re-pins at most once a loss',
    async run(trial) {
      const failTimeoutS = 3
      const site = await startSite(trial, {
        upstream: {
          timeouts: { connect: '500ms', headers: '500ms' },
          retry: { budget: { ratio: 0.5, minPerSecond: 50 } },
        },
      })
      const [killed, frozen] = site.servers
      if (killed === undefined || frozen === undefined) throw new Error('too few servers')
      const seconds = Math.max(12, trial.seconds())
      const sixthMs = (seconds * 1000) / 6
      const startedMs = performance.now()
      const now = (): number => performance.now() - startedMs
      const losses: Loss[] = []
      const lose = async (server: string, during: () => Promise<unknown>): Promise<void> => {
        const fromMs = now()
        await during()
        // An ejection may outlive the fault; nobody has to move after that.
        losses.push({ server, fromMs, untilMs: now() + 30_000 + failTimeoutS * 1000 })
      }
      let restarted = killed
      const course = await loadUnderFault(site, {
        seconds,
        async strike() {
          await lose(killed.name, async () => {
            await killed.kill()
            await wait(sixthMs)
            restarted = await spawnServer(trial, {
              name: killed.name,
              delayMs: 5,
              port: killed.port,
            })
          })
          await lose(frozen.name, async () => {
            frozen.freeze()
            await wait(sixthMs)
            frozen.thaw()
          })
        },
      })
      const moves = movesIn(course.results)
      const most = Math.max(
        0,
        ...losses.map(({ server, fromMs, untilMs }) => {
          const bySession = new Map<number, number>()
          for (const { session, from, atMs } of moves) {
            if (from !== server || atMs < fromMs || atMs > untilMs) continue
            bySession.set(session, (bySession.get(session) ?? 0) + 1)
          }
          return Math.max(0, ...bySession.values())
        }),
      )
      await restarted.stop()
      return [
        { name: 'requests', value: course.results.length },
        { name: 'failed', value: failed(course.results).length, bound: { exactly: 0 } },
        { name: 'sessions re-pinned', value: new Set(moves.map(({ session }) => session)).size },
        {
          name: 'moved from a live server',
          value: unexcused(moves, losses).length,
          bound: { exactly: 0 },
        },
        { name: 'most re-pins a loss', value: most, bound: { atMost: 1 } },
      ]
    },
  },
  {
    id: 'R12',
    what: 'all down, then one is back',
    pass: '502 with p99 under 50 ms; served again within 1 s of the first return',
    async run(trial) {
      const site = await startSite(trial)
      const seconds = trial.seconds()
      const startedMs = performance.now()
      const now = (): number => performance.now() - startedMs
      const load = startUsualLoad(site.gateway, { durationMs: seconds * 1000 })
      await wait((seconds * 1000) / 3)
      await Promise.all(site.servers.map((server) => server.kill()))
      const downMs = now()
      await wait((seconds * 1000) / 3)
      const { name, port } = first(site)
      const beforeMs = now()
      await spawnServer(trial, { name, delayMs: 5, port })
      const listeningMs = now()
      const results = await load.done
      const down = results.filter(
        ({ startedMs: at, tookMs }) => at > downMs && at + tookMs < beforeMs,
      )
      const served = results
        .filter(({ status, startedMs: at }) => status === 200 && at > downMs)
        .map((one) => one.startedMs + one.tookMs)
      const returnedMs = Math.min(...served)
      const late = results.filter(
        ({ startedMs: at, status }) => at > listeningMs + 1_000 && status !== 200,
      )
      return [
        { name: 'requests while down', value: down.length },
        {
          name: 'other than 502',
          value: down.filter(({ status }) => status !== 502).length,
          bound: { exactly: 0 },
        },
        {
          name: 'p99 of the 502',
          value: percentile(
            down.map(({ tookMs }) => tookMs),
            99,
          ),
          unit: 'ms',
          bound: { atMost: 50 },
        },
        {
          name: 'served again after',
          value: Math.max(0, returnedMs - listeningMs),
          unit: 'ms',
          bound: { atMost: 1_000 },
        },
        { name: 'refused more than 1 s later', value: late.length, bound: { exactly: 0 } },
      ]
    },
  },
  {
    id: 'R5',
    what: 'hung server (SIGSTOP)',
    pass: 'GET 0 errors within the per-try timeout + 100 ms; ejected after at most maxFails slow requests',
    async run(trial) {
      const timeoutMs = 500
      const site = await startSite(trial, {
        upstream: { timeouts: { connect: `${timeoutMs}ms`, headers: `${timeoutMs}ms` } },
      })
      const victim = first(site)
      const seconds = trial.seconds()
      let ejectedMs = Number.NaN
      const course = await loadUnderFault(site, {
        seconds,
        async strike() {
          victim.freeze()
          const frozenMs = performance.now()
          await until(
            'ejected',
            async () => {
              const { servers } = await site.gateway.snapshot()
              return servers.find(({ address }) => address === victim.address)?.state === 'ejected'
            },
            { deadlineMs: 5_000 },
          )
          ejectedMs = performance.now() - frozenMs
        },
      })
      const slow = course.after.filter(({ tookMs }) => tookMs >= timeoutMs)
      const sentLate = slow.filter(
        ({ startedMs }) =>
          startedMs > course.struckMs + timeoutMs + 100 && startedMs < course.struckMs + 25_000,
      )
      return [
        { name: 'requests', value: course.results.length },
        { name: 'failed', value: failed(course.results).length, bound: { exactly: 0 } },
        { name: 'slow', value: slow.length },
        {
          name: 'slowest',
          value: Math.max(0, ...slow.map(({ tookMs }) => tookMs)),
          unit: 'ms',
          bound: { atMost: timeoutMs + 100 },
        },
        { name: 'ejected after', value: ejectedMs, unit: 'ms', bound: { atMost: timeoutMs + 100 } },
        { name: 'slow that were sent after that', value: sentLate.length, bound: { exactly: 0 } },
      ]
    },
  },
]
