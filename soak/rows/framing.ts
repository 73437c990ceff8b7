import {
  guardCases,
  mustCases,
  probe,
  sendCompliant,
  sendSevere,
} from '@holdfast/test/fixtures/conformance.js'
import { type FaultServer, startFaultServer } from '@holdfast/test/fixtures/fault-server.js'
import { framingAttacks, inParallel, say, smuggled } from '@holdfast/test/fixtures/hostile.js'
import { type Gateway, spawnGateway } from '../lib/gateway.js'
import type { Row } from '../row.js'
import type { Trial } from '../trial.js'

async function startBoth(trial: Trial): Promise<{ server: FaultServer; gateway: Gateway }> {
  const server = await startFaultServer()
  trial.after(() => server.close())
  const gateway = await spawnGateway(trial, {
    upstream: { servers: [server.address] },
    plugin: { bodyLimit: 10_000_000 },
  })
  return { server, gateway }
}

export const framing: readonly Row[] = [
  {
    id: 'S1',
    what: 'HTTP/1.1 conformance, http11probe (MUST level)',
    pass: '0 failures',
    missing: () => mustCases().skip || undefined,
    async run(trial) {
      const { server, gateway } = await startBoth(trial)
      const failures: string[] = []
      const { cases } = mustCases()
      for (const one of cases) {
        const failure = await probe(one, gateway.address, server)
        if (failure !== undefined) failures.push(failure)
      }
      for (const failure of failures) trial.tell(failure)
      return [
        { name: 'cases', value: cases.length },
        { name: 'failures', value: failures.length, bound: { exactly: 0 } },
      ]
    },
  },
  {
    id: 'S2',
    what: 'desync-guardian',
    pass: 'Severe: 400 and close; Compliant: served',
    missing: () => guardCases('Severe').skip || undefined,
    async run(trial) {
      const { server, gateway } = await startBoth(trial)
      const severe = guardCases('Severe').cases
      let accepted = 0
      for (const one of severe) {
        const { statuses, closed } = await sendSevere(one, gateway.address)
        if (statuses.join() !== '400' || !closed) accepted += 1
      }
      const forwarded = server.requests.length
      const compliant = guardCases('Compliant').cases
      let refused = 0
      let stricter = 0
      for (const one of compliant) {
        const { statuses, expected } = await sendCompliant(one, gateway.address)
        if (statuses.join() !== `${expected}`) refused += 1
        if (expected !== 200) stricter += 1
      }
      return [
        { name: 'severe cases', value: severe.length },
        { name: 'not 400 and closed', value: accepted, bound: { exactly: 0 } },
        { name: 'forwarded', value: forwarded, bound: { exactly: 0 } },
        { name: 'compliant cases', value: compliant.length },
        { name: 'of those refused on purpose', value: stricter },
        { name: 'not as expected', value: refused, bound: { exactly: 0 } },
      ]
    },
  },
  {
    id: 'S3',
    what: 'Transfer-Encoding mutations: 10 positions x every control and obs-text byte, both orders',
    pass: '0 smuggled, 0 forwarded with both framings',
    async run(trial) {
      const { server, gateway } = await startBoth(trial)
      let odd = 0
      await inParallel(framingAttacks, async (request) => {
        const statuses = await say(gateway.address, request)
        odd += statuses.filter((status) => status !== 200 && status !== 400).length
      })
      return [
        { name: 'requests', value: framingAttacks.length },
        { name: 'forwarded with one framing', value: server.requests.length },
        {
          name: 'smuggled or with two framings',
          value: smuggled(server.requests).length,
          bound: { exactly: 0 },
        },
        { name: 'answers other than 200 and 400', value: odd, bound: { exactly: 0 } },
      ]
    },
  },
]
