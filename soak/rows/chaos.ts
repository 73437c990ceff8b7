import * as does from '@holdfast/test/fixtures/behaviour.js'
import { startFaultServer } from '@holdfast/test/fixtures/fault-server.js'
import { until } from '@holdfast/test/fixtures/until.js'
import {
  clientTroubles,
  processTroubles,
  SCRIPTED,
  scriptedTroubles,
  type Trouble,
  type Victims,
} from '../lib/chaos.js'
import { executions, failed, type Loss, movesIn, p99Ms, unexcused } from '../lib/course.js'
import { spawnGateway } from '../lib/gateway.js'
import { timeoutsIn } from '../lib/gateway-log.js'
import { spawnServer, startUsualLoad } from '../lib/site.js'
import { wait } from '../lib/wait.js'
import type { Row } from '../row.js'

const TWENTY_MINUTES_S = 20 * 60
const FAIL_TIMEOUT_S = 3
const HEADERS_MS = 500
const MOST_TOLD = 20

/** Which fifth of the requests are orders, which nobody may place twice. */
const isOrder = (index: number): boolean => index % 5 === 4

export const chaos: readonly Row[] = [
  {
    id: 'R32',
    what: 'chaos: a seeded random schedule of kills, freezes, faulty answers and hostile clients; of 4 servers 2 are well at any time',
    pass: 'idempotent success at least 99.99 %; 0 misrouted; 0 uncaught; all green within 15 s of healing',
    async run(trial) {
      trial.tell(`seed ${trial.seed}`)
      const well = does.answer({ body: JSON.stringify({ server: SCRIPTED }) })
      const scripted = await startFaultServer({ script: () => well })
      trial.after(() => scripted.close())
      const spawned = await Promise.all(
        ['a', 'b', 'c'].map((name) => spawnServer(trial, { name, delayMs: 5 })),
      )
      const processes = new Map(spawned.map((server) => [server.name, server]))
      const victims: Victims = { processes, scripted, well, retired: [] }
      const gateway = await spawnGateway(trial, {
        upstream: {
          servers: [...spawned, scripted].map(({ address }) => ({
            address,
            failTimeout: `${FAIL_TIMEOUT_S}s`,
          })),
          timeouts: { connect: '300ms', headers: `${HEADERS_MS}ms` },
          retry: { on: ['error', 'timeout', 'invalid-header', 500] },
        },
        plugin: { log: 'moved' },
        fastify: { disableRequestLogging: true },
        logLevel: 'info',
      })

      const startedMs = performance.now()
      const startedWallMs = Date.now()
      const now = (): number => performance.now() - startedMs
      const load = startUsualLoad(gateway, {
        request: (index) => (isOrder(index) ? { method: 'POST', body: 'an order' } : {}),
      })
      const troubles = [
        ...processTroubles(trial, victims),
        ...scriptedTroubles(trial, victims),
        ...clientTroubles(trial, gateway),
      ]
      const losses: Loss[] = []
      const ill = new Set<string>()
      let befallen = 0
      /** One after the other, each on a server that is well; two of these go on at once. */
      const befall = async (untilMs: number): Promise<void> => {
        while (now() < untilMs) {
          await wait(trial.random.below(2_000))
          const choice = troubles.filter(({ server }) => server === undefined || !ill.has(server))
          const trouble = choice[trial.random.below(choice.length)]
          if (trouble !== undefined) await suffer(trouble)
        }
      }
      const suffer = async ({ name, server, befall }: Trouble): Promise<void> => {
        const fromMs = now()
        befallen += 1
        if (server !== undefined) ill.add(server)
        await befall(500 + trial.random.below(4_500))
        if (server === undefined) return
        ill.delete(server)
        // What a fault began may be seen, and an ejection last, for a while after it.
        const untilMs = now() + HEADERS_MS + 2 * FAIL_TIMEOUT_S * 1000
        losses.push({ server, fromMs, untilMs })
        if (befallen % 50 === 0) trial.tell(`${befallen} troubles, the last: ${server} ${name}`)
      }
      const overMs = trial.seconds(TWENTY_MINUTES_S) * 1000
      await Promise.all([befall(overMs), befall(overMs)])

      const healedMs = now()
      await until(
        'all green',
        async () => (await gateway.snapshot()).servers.every(({ state }) => state === 'up'),
        { deadlineMs: 30_000, everyMs: 50 },
      ).catch(() => undefined)
      const greenMs = now() - healedMs
      await wait(1_000)
      const results = await load.stop()
      const orders = results.filter(({ id }) => isOrder(Number(id.split('-').at(-1))))
      const idempotent = results.filter((one) => !orders.includes(one))
      return await figures()

      async function figures() {
        const names = new Map(spawned.map(({ address, name }) => [address, name]))
        // A machine that stands still makes a server late that is well; its sessions may move.
        const late = timeoutsIn(gateway.output()).map(({ address, atMs }) => ({
          server: names.get(address) ?? SCRIPTED,
          fromMs: atMs - startedWallMs - 2 * HEADERS_MS,
          untilMs: atMs - startedWallMs + 2 * FAIL_TIMEOUT_S * 1000,
        }))
        const lateThoughWell = late.filter(
          ({ server, fromMs, untilMs }) =>
            !losses.some(
              (one) => one.server === server && one.fromMs <= untilMs && one.untilMs >= fromMs,
            ),
        )
        const wrong = unexcused(movesIn(results), [...losses, ...late])
        for (const { session, from, to, atMs } of wrong.slice(0, MOST_TOLD)) {
          trial.tell(`session ${session} went from ${from} to ${to} at ${Math.round(atMs)} ms`)
        }
        const executed = await executions(trial, [...processes.values(), ...victims.retired])
        const twice = orders.filter(({ id }) => (executed.get(id) ?? 0) > 1)
        const failures = failed(idempotent)
        for (const { id, status, error, startedMs: at } of failures.slice(0, MOST_TOLD)) {
          trial.tell(`${id} at ${Math.round(at)} ms: ${status} ${error ?? ''}`)
        }
        return [
          { name: 'seed', value: trial.seed },
          { name: 'troubles', value: befallen },
          { name: 'requests', value: results.length },
          {
            name: 'idempotent success',
            value: 100 * (1 - failures.length / idempotent.length),
            unit: '%',
            bound: { atLeast: 99.99 },
          },
          { name: 'orders failed', value: failed(orders).length },
          { name: 'orders executed twice', value: twice.length, bound: { exactly: 0 } },
          { name: 'timeouts of servers that were well', value: lateThoughWell.length },
          { name: 'misrouted', value: wrong.length, bound: { exactly: 0 } },
          { name: 'gateway died', value: Number(!gateway.running), bound: { exactly: 0 } },
          { name: 'all green after', value: greenMs, unit: 'ms', bound: { atMost: 15_000 } },
          { name: 'p99', value: p99Ms(results), unit: 'ms' },
        ]
      }
    },
  },
]
