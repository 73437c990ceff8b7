import { startFaultServer } from '@holdfast/test/fixtures/fault-server.js'
import { inParallel, say, socketNoise } from '@holdfast/test/fixtures/hostile.js'
import { exchange, get } from '@holdfast/test/fixtures/raw-client.js'
import fc from 'fast-check'
import { COOKIE, KEY, spawnGateway } from '../lib/gateway.js'
import { runTestFile, type TestCounts } from '../lib/test-file.js'
import type { Row } from '../row.js'

export const fuzz: readonly Row[] = [
  {
    id: 'S33',
    what: 'fuzz: fast-check on every parser, random and damaged bytes on the socket',
    pass: '0 crashes, 0 5xx from malformed input, 0 uncaught',
    async run(trial) {
      const runs = trial.count(1_000_000)
      const parsers: TestCounts[] = []
      for (const room of ['core', 'plugin']) {
        trial.tell(`parsers of ${room}, ${runs} inputs each`)
        parsers.push(
          await runTestFile(`packages/${room}/dist-test/parsers.test.js`, {
            HOLDFAST_FUZZ_RUNS: `${runs}`,
          }),
        )
      }
      const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0)
      for (const { failed, output } of parsers) if (failed > 0) trial.tell(output)

      const server = await startFaultServer()
      trial.after(() => server.close())
      const gateway = await spawnGateway(trial, {
        upstream: { servers: [server.address], sticky: { cookie: COOKIE, keys: [KEY] } },
        fastify: { keepAliveTimeout: 20 },
      })
      const messages = fc.sample(socketNoise, { numRuns: trial.count(20_000), seed: trial.seed })
      let serverErrors = 0
      await inParallel(messages, async (bytes) => {
        for (const status of await say(gateway.address, bytes)) {
          if (status >= 500 && status !== 501 && status !== 505) {
            serverErrors += 1
            trial.tell(`${status} for ${JSON.stringify(bytes.toString('latin1'))}`)
          }
        }
      })
      const { status } = await exchange(gateway.address, get('/', 'Connection: close'))
      return [
        { name: 'inputs a parser', value: runs },
        { name: 'parsers', value: sum(parsers.map(({ passed }) => passed)), bound: { atLeast: 1 } },
        {
          name: 'parsers that crash',
          value: sum(parsers.map(({ failed }) => failed)),
          bound: { exactly: 0 },
        },
        { name: 'messages on the socket', value: messages.length },
        { name: '5xx', value: serverErrors, bound: { exactly: 0 } },
        { name: 'status of the next request', value: status, bound: { exactly: 200 } },
        { name: 'gateway died', value: Number(!gateway.running), bound: { exactly: 0 } },
      ]
    },
  },
]
