import { startFaultServer } from '@holdfast/test/fixtures/fault-server.js'
import { exchange, get } from '@holdfast/test/fixtures/raw-client.js'
import { spawnGateway } from '../lib/gateway.js'
import type { Row } from '../row.js'

const SPOOFS = [
  ['X-Forwarded-For', '6.6.6.6'],
  ['X-Forwarded-For', '6.6.6.6, 7.7.7.7'],
  ['X-Forwarded-Proto', 'https'],
  ['X-Forwarded-Host', 'evil.example'],
  ['X-Real-IP', '6.6.6.6'],
  ['Forwarded', 'for=6.6.6.6;host=evil.example;proto=https'],
  ['Connection', 'X-Forwarded-For, X-Real-IP, X-Forwarded-Proto, X-Forwarded-Host'],
  ['Connection', 'close, forwarded'],
] as const

const ALL = ['x-forwarded-for', 'x-real-ip', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded']

export const forwarding: readonly Row[] = [
  {
    id: 'S28',
    what: 'spoofed X-Forwarded-*, X-Real-IP, Forwarded, in every case and number, named by Connection',
    pass: 'nothing from an untrusted peer is believed; from a trusted one a single value is appended',
    async run(trial) {
      const server = await startFaultServer()
      trial.after(() => server.close())
      const upstream = { servers: [server.address] }
      const untrusting = await spawnGateway(trial, { upstream })
      const trusting = await spawnGateway(trial, {
        upstream,
        fastify: { trustProxy: '127.0.0.1' },
      })
      const requests = trial.count(2_000)
      let believed = 0
      for (let i = 0; i < requests; i += 1) {
        const lines = SPOOFS.filter(() => trial.random.below(2) === 0).flatMap(([name, value]) =>
          Array.from({ length: trial.random.below(3) }, () => {
            const written = [name, name.toLowerCase(), name.toUpperCase()][trial.random.below(3)]
            return `${written}: ${value}`
          }),
        )
        await exchange(untrusting.address, get('/', ...lines))
        const received = ALL.map((name) => server.requests.at(-1)?.header(name))
        const expected = ['127.0.0.1', '127.0.0.1', 'http', 'test', undefined]
        if (received.join() !== expected.join()) {
          believed += 1
          trial.tell(`${lines.join(' | ')} became ${received.join()}`)
        }
      }
      let wrong = 0
      for (const chain of ['6.6.6.6', '1.1.1.1, 6.6.6.6', '::ffff:6.6.6.6', 'unknown']) {
        await exchange(trusting.address, get('/', `X-Forwarded-For: ${chain}`))
        const received = server.requests.at(-1)?.header('x-forwarded-for')
        if (received !== `${chain}, 127.0.0.1`) wrong += 1
      }
      return [
        { name: 'requests of an untrusted peer', value: requests },
        { name: 'believed', value: believed, bound: { exactly: 0 } },
        {
          name: 'chains of a trusted one not appended to once',
          value: wrong,
          bound: { exactly: 0 },
        },
      ]
    },
  },
]
