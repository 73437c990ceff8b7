import { Agent, type IncomingMessage, request as send } from 'node:http'
import { COOKIE, type Gateway } from '../lib/gateway.js'
import { startSite } from '../lib/site.js'
import { wait } from '../lib/wait.js'
import type { Row } from '../row.js'

const WORKERS = 32

export const memory: readonly Row[] = [
  {
    id: 'R29',
    what: 'a million requests, a million cookies, a million URLs',
    pass: 'resident memory from 200 k to 1 M grows at most 20 MB',
    async run(trial) {
      const { gateway } = await startSite(trial, { delaysMs: [0, 0, 0] })
      const agent = new Agent({ keepAlive: true, maxSockets: WORKERS })
      trial.after(() => agent.destroy())
      const million = trial.count(1_000_000)
      let sent = 0
      let refused = 0
      /** Each worker brings a cookie that was just made for it, then one that never was any. */
      const worker = async (until: number): Promise<void> => {
        let fresh: string | undefined
        while (sent < until) {
          sent += 1
          const value = fresh ?? `${'x'.repeat(70)}${String(sent).padStart(8, '0')}`
          const response = await ask(agent, gateway, `/echo?n=${sent}`, value)
          if (response.statusCode !== 200) refused += 1
          fresh = fresh === undefined ? valueIn(response) : undefined
        }
      }
      const upTo = async (until: number): Promise<Memory> => {
        trial.tell(`to ${until} requests`)
        await Promise.all(Array.from({ length: WORKERS }, () => worker(until)))
        const heapMb = await gateway.collect()
        await wait(2_000)
        return { heapMb, residentMb: gateway.residentMb() }
      }
      const startedMs = performance.now()
      const early = await upTo(million / 5)
      const late = await upTo(million)
      const tookS = (performance.now() - startedMs) / 1000
      return [
        { name: 'requests', value: sent },
        { name: 'not served', value: refused, bound: { exactly: 0 } },
        { name: 'requests a second', value: Math.round(sent / tookS) },
        { name: `resident after ${million / 5}`, value: early.residentMb, unit: 'MB' },
        { name: `after ${million}`, value: late.residentMb, unit: 'MB' },
        {
          name: 'growth',
          value: late.residentMb - early.residentMb,
          unit: 'MB',
          bound: { atMost: 20 },
        },
        { name: 'growth of the heap', value: late.heapMb - early.heapMb, unit: 'MB' },
      ]
    },
  },
]

interface Memory {
  readonly residentMb: number
  readonly heapMb: number
}

function ask(
  agent: Agent,
  { address }: Gateway,
  path: string,
  value: string,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    send(
      `http://${address}${path}`,
      { agent, headers: { cookie: `${COOKIE}=${value}` } },
      (response) => {
        response.resume().on('end', () => resolve(response))
      },
    )
      .on('error', reject)
      .end()
  })
}

function valueIn({ headers }: IncomingMessage): string | undefined {
  const [line] = headers['set-cookie'] ?? []
  return line?.slice(COOKIE.length + 1).split(';')[0]
}
