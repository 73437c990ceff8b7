import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { type AppServer, startAppServer } from '#fixtures/app-server.js'
import { PATIENCE, type ServedGateway, startServe } from '#fixtures/cli.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { exchange, get } from '#fixtures/raw-client.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

async function startWorkers(t: TestContext, extra: readonly string[] = []): Promise<ServedGateway> {
  const server: AppServer = await startAppServer({ name: 's' })
  t.after(() => server.stop())
  const file = `listen: 127.0.0.1:0
admin: 127.0.0.1:0
log: 'off'
upstreams: { shop: { servers: [${[...extra, `'${server.address}'`].join(', ')}] } }
routes: [{ upstream: shop }]
`
  return startServe(t, file, { args: ['--workers', '2'] })
}

describe('holdfast serve --workers 2', () => {
  it('has both serve, replaces one that is killed, and loses no request that is sent again', async (t) => {
    const served = await startWorkers(t)
    /** Requests by worker, as the workers themselves count. */
    const counts = async (): Promise<Map<string, number>> => {
      const { body } = await exchange(served.admin, get('/snapshot'))
      const snapshots: Snapshot[] = JSON.parse(body.toString())
      return new Map(
        snapshots.map(({ replica, upstreams }) => [
          replica,
          upstreams[0]?.servers[0]?.requests ?? 0,
        ]),
      )
    }
    const ask = async (): Promise<number> => {
      for (let tries = 0; tries < 3; tries += 1) {
        const answer = await exchange(served.address, get('/')).catch(() => undefined)
        if (answer !== undefined) return answer.status
      }
      return 0
    }
    const statuses = await Promise.all(Array.from({ length: 40 }, ask))
    assert.deepEqual([...new Set(statuses)], [200])
    const before = await counts()
    assert.equal(before.size, 2)
    for (const [replica, count] of before) assert.ok(count > 0, `${replica} served none`)

    const [victim = ''] = before.keys()
    process.kill(Number(/-(\d+)$/.exec(victim)?.[1]), 'SIGKILL')
    const meanwhile: number[] = []
    await until(
      'another worker',
      async () => {
        meanwhile.push(await ask())
        const now = await counts()
        return now.size === 2 && !now.has(victim)
      },
      PATIENCE,
    )
    assert.deepEqual([...new Set(meanwhile)], [200])
    served.daemon.signal('SIGTERM')
    await until('its end', () => !served.daemon.running, PATIENCE)
  })

  it('lets each worker know what the other has found out of a server', async (t) => {
    const served = await startWorkers(t, [
      `{ address: '127.0.0.1:1', maxFails: 1, failTimeout: 60s }`,
    ])
    const states = async (): Promise<string[]> => {
      const { body } = await exchange(served.admin, get('/snapshot'))
      const snapshots: Snapshot[] = JSON.parse(body.toString())
      return snapshots.map(({ upstreams }) => upstreams[0]?.servers[0]?.state ?? '')
    }
    await exchange(served.address, get('/'))
    await until(
      'both workers to know',
      async () => {
        const now = await states()
        // A second request may be what tells the other worker, where the first met the good server.
        if (!now.includes('ejected')) await exchange(served.address, get('/'))
        return now.length === 2 && now.every((state) => state === 'ejected')
      },
      { ...PATIENCE, everyMs: 50 },
    )
  })
})

interface Snapshot {
  readonly replica: string
  readonly upstreams: ReadonlyArray<{
    readonly servers: ReadonlyArray<{ readonly requests: number; readonly state: string }>
  }>
}
