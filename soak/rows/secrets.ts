import * as does from '@holdfast/test/fixtures/behaviour.js'
import { startFaultServer } from '@holdfast/test/fixtures/fault-server.js'
import { REFUSED } from '@holdfast/test/fixtures/ports.js'
import { exchange, get } from '@holdfast/test/fixtures/raw-client.js'
import { COOKIE, KEY, spawnGateway } from '../lib/gateway.js'
import { freshCookie, sendCookie } from '../lib/verdicts.js'
import type { Row } from '../row.js'
import type { Trial } from '../trial.js'

const WEAK = [
  'short-key',
  'your-secret-key-here',
  'aaaaaaaaaaaaaaaaaaaaaaaa',
  'Please-Change-This-Key',
]

/** What a gateway says that is given such a key; undefined when it starts all the same. */
async function refusal(trial: Trial, key: string): Promise<string | undefined> {
  try {
    await spawnGateway(trial, {
      upstream: { servers: [REFUSED], sticky: { cookie: COOKIE, keys: [key] } },
    })
    return undefined
  } catch (error) {
    return String(error)
  }
}

export const secrets: readonly Row[] = [
  {
    id: 'S27',
    what: 'secrets, over HTTP and in the log at level trace (Redis: see its rows)',
    pass: 'a short or default key refuses to start; no secret in logs, snapshot or errors',
    async run(trial) {
      const refusals = await Promise.all(WEAK.map((key) => refusal(trial, key)))
      const started = refusals.filter((text) => text === undefined)
      const unnamed = refusals.filter((text) => text !== undefined && !text.includes('keys[0]'))
      const told = WEAK.filter((key, i) => refusals[i]?.includes(key))

      const server = await startFaultServer({ script: () => does.answer() })
      trial.after(() => server.close())
      const token = 'the token of the statistics'
      const gateway = await spawnGateway(trial, {
        upstream: { servers: [server.address, REFUSED] },
        plugin: { log: 'all', stats: { path: '/stats', token } },
        logLevel: 'trace',
      })
      const cookie = await freshCookie(gateway.address)
      const answers: string[] = []
      const ask = async (request: string): Promise<void> => {
        const { head, body } = await exchange(gateway.address, request)
        answers.push(head.lines.join('\n'), body.toString('latin1'))
      }
      await ask(get('/', `Cookie: ${COOKIE}=${cookie}`, 'Connection: close'))
      await ask(get('/%zz', `Cookie: ${COOKIE}=${cookie}`, 'Connection: close'))
      await ask(get('/stats', `Authorization: Bearer ${token}`, 'Connection: close'))
      await ask(get('/stats', 'Authorization: Bearer wrong', 'Connection: close'))
      server.behave(() => does.raw('junk\r\n'))
      for (let i = 0; i < 10; i += 1) {
        await ask(get('/', `Cookie: ${COOKIE}=${cookie}`, 'Connection: close'))
      }
      await sendCookie(gateway.address, `${cookie.slice(0, -1)}_`)
      const snapshot = JSON.stringify(await gateway.snapshot())
      const log = gateway.output()
      const places: ReadonlyArray<readonly [string, string]> = [
        ['log', log],
        ['snapshot', snapshot],
        ['answers', answers.join('\n')],
      ]
      const leaks = places.flatMap(([place, text]) =>
        [KEY, token, cookie].filter((secret) => text.includes(secret)).map(() => place),
      )
      const addressTold = answers.slice(-20).some((text) => text.includes(server.address))
      for (const place of leaks) trial.tell(`a secret in ${place}`)
      return [
        { name: 'weak keys', value: WEAK.length },
        { name: 'that start', value: started.length, bound: { exactly: 0 } },
        { name: "refused without the option's path", value: unnamed.length, bound: { exactly: 0 } },
        { name: 'refused with the key in the message', value: told.length, bound: { exactly: 0 } },
        { name: 'lines of log searched', value: log.split('\n').length - 1 },
        { name: 'secrets in log, snapshot or answers', value: leaks.length, bound: { exactly: 0 } },
        { name: 'addresses in errors', value: Number(addressTold), bound: { exactly: 0 } },
      ]
    },
  },
]
