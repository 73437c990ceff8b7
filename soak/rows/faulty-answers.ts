import * as does from '@holdfast/test/fixtures/behaviour.js'
import { startBlackhole } from '@holdfast/test/fixtures/blackhole.js'
import { type FaultServer, startFaultServer } from '@holdfast/test/fixtures/fault-server.js'
import { type Junk, junk, junkHeads } from '@holdfast/test/fixtures/junk.js'
import { connectRaw, exchange, get, post } from '@holdfast/test/fixtures/raw-client.js'
import { failed, p99Ms } from '../lib/course.js'
import { spawnGateway } from '../lib/gateway.js'
import { startSite, startUsualLoad } from '../lib/site.js'
import type { Row } from '../row.js'
import type { Trial } from '../trial.js'

const HIDE_ALL = {
  on: ['error' as const, 'timeout' as const, 'invalid-header' as const],
  budget: { ratio: 1, minPerSecond: 10_000 },
}

/** Broken before the first byte of a body. */
const faults: ReadonlyArray<readonly [string, does.Behaviour]> = [
  ['reset', does.reset()],
  ['reset as it is accepted', does.reset('accept')],
  ['reset at the head', does.reset('head')],
  ['ended', does.end()],
  ['ended as it is accepted', does.end('accept')],
  ['silent', does.hang()],
  ...(Object.keys(junkHeads) as Junk[]).map((name) => [name, junk(name)] as const),
]

async function faultServer(trial: Trial): Promise<FaultServer> {
  const server = await startFaultServer()
  trial.after(() => server.close())
  return server
}

export const faultyAnswers: readonly Row[] = [
  {
    id: 'R6',
    what: 'connect blackhole (full backlog)',
    pass: 'at most connect timeout + 50 ms; GET 0 errors',
    async run(trial) {
      const timeoutMs = 300
      const blackhole = await startBlackhole()
      trial.after(() => blackhole.close())
      const timeouts = { connect: `${timeoutMs}ms` }
      const alone = await spawnGateway(trial, {
        upstream: { servers: [blackhole.address], timeouts },
      })
      const tookMs: number[] = []
      for (let i = 0; i < trial.count(30); i += 1) {
        const started = performance.now()
        const { status } = await exchange(alone.address, get('/'))
        if (status !== 504) throw new Error(`status ${status}`)
        tookMs.push(performance.now() - started)
      }
      const { servers } = await startSite(trial, { delaysMs: [5, 5] })
      const gateway = await spawnGateway(trial, {
        upstream: {
          servers: [blackhole.address, ...servers.map(({ address }) => address)],
          timeouts,
        },
      })
      const results = await startUsualLoad(gateway, { durationMs: trial.seconds() * 1000 }).done
      return [
        {
          name: 'slowest of a lone one',
          value: Math.max(...tookMs),
          unit: 'ms',
          bound: { atMost: timeoutMs + 50 },
        },
        { name: 'requests with two sound servers beside it', value: results.length },
        { name: 'failed', value: failed(results).length, bound: { exactly: 0 } },
        { name: 'p99', value: p99Ms(results), unit: 'ms' },
      ]
    },
  },
  {
    id: 'R7',
    what: `${faults.length} kinds of junk or reset before the body`,
    pass: 'GET retried, final 502/504, never 500, next request fine',
    async run(trial) {
      const rounds = trial.count(50)
      const broken = await faultServer(trial)
      const sound = await faultServer(trial)
      const timeouts = { headers: '500ms' }
      const alone = await spawnGateway(trial, {
        upstream: { servers: [{ address: broken.address, maxFails: 0 }], timeouts },
      })
      const both = await spawnGateway(trial, {
        upstream: {
          servers: [broken, sound].map(({ address }) => ({ address, maxFails: 0 })),
          timeouts,
          retry: HIDE_ALL,
        },
      })
      const wrong = { final: 0, next: 0, retried: 0 }
      for (let round = 0; round < rounds; round += 1) {
        for (const [name, fault] of faults) {
          if (fault.starts === 'accept') {
            // It befalls new connections only.
            broken.behave(fault)
            broken.drop()
          } else broken.behave(() => fault)
          const { status } = await exchange(alone.address, get('/'))
          if (status !== 502 && status !== 504) wrong.final += 1
          // Twice, as round robin begins with the other one every second time.
          for (let twice = 0; twice < 2; twice += 1) {
            const { status: hidden } = await exchange(both.address, get('/'))
            if (hidden === 200) continue
            wrong.retried += 1
            trial.tell(`${name}: ${hidden}`)
          }
          broken.behave([])
          if ((await exchange(alone.address, get('/'))).status !== 200) wrong.next += 1
        }
      }
      return [
        { name: 'broken answers', value: rounds * faults.length },
        { name: 'final that was no 502 or 504', value: wrong.final, bound: { exactly: 0 } },
        { name: 'GET not hidden by the other server', value: wrong.retried, bound: { exactly: 0 } },
        { name: 'next request not served', value: wrong.next, bound: { exactly: 0 } },
      ]
    },
  },
  {
    id: 'R8',
    what: 'truncated body, 6 kinds x 100',
    pass: '600 of 600 seen as incomplete by the client; retried 0 times',
    async run(trial) {
      const server = await faultServer(trial)
      const other = await faultServer(trial)
      const gateway = await spawnGateway(trial, {
        upstream: { servers: [server.address, { address: other.address, backup: true }] },
      })
      const kinds = Object.values(does.truncations)
      const rounds = trial.count(100)
      let incomplete = 0
      for (const truncation of kinds) {
        server.behave(() => truncation)
        for (let i = 0; i < rounds; i += 1) {
          const client = await connectRaw(gateway.address)
          client.send(get('/'))
          await client.closed()
          const [response] = client.responses
          if (response?.complete !== true || response.status === 502) incomplete += 1
          await client.close()
        }
      }
      const bodies = kinds.length * rounds
      return [
        { name: 'truncated bodies', value: bodies },
        { name: 'seen as incomplete', value: incomplete, bound: { exactly: bodies } },
        {
          name: 'retried',
          value: server.requests.length + other.requests.length - bodies,
          bound: { exactly: 0 },
        },
      ]
    },
  },
  {
    id: 'R9',
    what: 'head or body dripping a byte each 200 ms',
    pass: 'ended at the deadline + 200 ms',
    async run(trial) {
      const headersMs = 2_000
      const responseMs = 4_000
      const server = await startFaultServer({
        script: ({ target }) =>
          target === '/head'
            ? does.drip(does.answer(), 200, 'head')
            : does.drip(does.answer({ body: 'x'.repeat(1_000) }), 200),
      })
      trial.after(() => server.close())
      const gateway = await spawnGateway(trial, {
        upstream: {
          servers: [{ address: server.address, maxFails: 0 }],
          timeouts: { headers: `${headersMs}ms`, response: `${responseMs}ms` },
        },
      })
      const measure = async (target: string): Promise<number[]> => {
        const clients = await Promise.all(
          Array.from({ length: trial.count(50) }, async () => {
            const client = await connectRaw(gateway.address)
            trial.after(() => client.close())
            client.send(get(target, 'Connection: close'))
            await client.closed(10_000)
            return client
          }),
        )
        return clients.map(({ closedMs = Number.NaN }) => closedMs)
      }
      const heads = await measure('/head')
      const bodies = await measure('/body')
      const late = (tookMs: readonly number[], deadlineMs: number, part: string) =>
        [
          { name: `${part}s`, value: tookMs.length },
          {
            name: `earliest end of a ${part} before its deadline`,
            value: Math.max(0, deadlineMs - Math.min(...tookMs)),
            unit: 'ms',
            bound: { atMost: 1 },
          },
          {
            name: `latest end of a ${part} after its deadline`,
            value: Math.max(...tookMs) - deadlineMs,
            unit: 'ms',
            bound: { atMost: 200 },
          },
        ] as const
      return [...late(heads, headersMs, 'head'), ...late(bodies, responseMs, 'body')]
    },
  },
  {
    id: 'R21',
    what: 'early 413 while the upload is unfinished; the server reads on, or just closes',
    pass: 'the client gets the 413, 100 of 100',
    async run(trial) {
      const rounds = trial.count(100)
      const large = 'x'.repeat(400_000)
      const answer = (reads: boolean): does.Behaviour =>
        does.early(does.answer({ status: 413, body: 'no', framing: reads ? 'length' : 'close' }), {
          reads,
        })
      const server = await faultServer(trial)
      const gateway = await spawnGateway(trial, { upstream: { servers: [server.address] } })
      const told = async (reads: boolean): Promise<number> => {
        server.behave(() => answer(reads))
        let count = 0
        for (let i = 0; i < rounds; i += 1) {
          const response = await exchange(gateway.address, post('/', large)).catch(trial.note)
          if (response?.status === 413 && response.body.toString() === 'no') count += 1
        }
        return count
      }
      return [
        { name: 'uploads of each kind', value: rounds },
        { name: 'told, the server reads on', value: await told(true), bound: { exactly: rounds } },
        { name: 'told, the server closes', value: await told(false), bound: { exactly: rounds } },
      ]
    },
  },
]
