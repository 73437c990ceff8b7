/** A server dies for real, under load. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spawnAppServer } from '#fixtures/app-server.js'
import { startGateway } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { startLoad } from '#fixtures/load.js'
import { summarise } from '#fixtures/load-summary.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

/** A line of the gateway's log when a proxied request has ended. */
interface LogLine {
  readonly verdict?: string
  readonly from?: string
}

for (const method of ['GET', 'POST']) {
  test(`a server that is killed under ${method}s loses at most what it was working on`, async (t) => {
    const servers = await Promise.all(
      ['a', 'b', 'c'].map((name) => spawnAppServer({ name, delayMs: 5 })),
    )
    const [victim] = servers
    assert.ok(victim)
    t.after(async () => {
      await Promise.all(servers.map((server) => server.kill()))
    })
    let movedAtMs = 0
    const movedFrom: Array<string | undefined> = []
    const stream = {
      write(text: string) {
        const { verdict, from } = JSON.parse(text) as LogLine
        if (verdict !== 'moved') return
        movedFrom.push(from)
        movedAtMs = performance.now()
      },
    }
    const gateway = await startGateway(t, {
      servers: servers.map(({ address }) => address),
      upstream: { sticky: { cookie: 'srv', keys: ['0123456789abcdef0123456789abcdef'] } },
      fastify: { logger: { level: 'info', stream }, disableRequestLogging: true },
    })
    const load = startLoad({
      address: gateway.address,
      sessions: 30,
      cookieless: 0.3,
      request: () => (method === 'GET' ? {} : { method, body: 'x' }),
    })
    await until('load', () => load.results.length >= 300, { deadlineMs: 10_000 })
    assert.deepEqual(movedFrom, [])
    const inFlight =
      gateway.app.holdfast
        .get('test')
        .snapshot()
        .servers.find(({ address }) => address === victim.address)?.active ?? Number.NaN
    await victim.kill()
    const killedAt = load.results.length
    // When each of its sessions has been heard of again, none moves any more.
    const quietFor = (ms: number): boolean =>
      load.results.length > killedAt + 300 && performance.now() - movedAtMs > ms
    await until('sessions at rest', () => quietFor(500), { deadlineMs: 10_000 })
    await load.stop()
    const { byStatus, byError } = summarise(await load.done)
    assert.deepEqual(byError, {})
    const { 200: served = 0, 502: failed = 0, ...others } = byStatus
    assert.deepEqual(others, {})
    assert.ok(served > 500)
    // POSTs fail that were in flight when it died, or on their way before that was known.
    if (method === 'GET') assert.equal(failed, 0)
    else assert.ok(failed <= inFlight + 5, `${failed} failed, ${inFlight} were in flight`)

    await Promise.all(servers.map((server) => server.stop()))
    const executed = servers.flatMap((server) => server.executed())
    if (method === 'POST') assert.equal(new Set(executed).size, executed.length, 'executed twice')

    assert.deepEqual([...new Set(movedFrom)], [victim.address])
  })
}
