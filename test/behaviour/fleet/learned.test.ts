/** Sessions that one gateway has learned are known to the others, over a real Redis. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get } from 'node:http'
import { test } from 'node:test'
import { type AppAnswer, startAppServer } from '#fixtures/app-server.js'
import { startGateway, type TestGateway } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { redisMissing, startRedis } from '#fixtures/redis.js'
import { Session } from '#fixtures/session.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

async function ask(gateway: TestGateway, session: Session): Promise<AppAnswer> {
  const cookie = session.header()
  const headers = cookie === undefined ? {} : { cookie }
  const request = get(`http://${gateway.address}/`, { agent: false, headers })
  const [response] = await once(request, 'response')
  session.take(response.headers['set-cookie'] ?? [])
  return JSON.parse(Buffer.concat(await response.toArray()).toString()) as AppAnswer
}

test('a session that one gateway learned stays with its server at the others', {
  skip: redisMissing(),
}, async (t) => {
  const redis = await startRedis()
  const servers = await Promise.all(['a', 'b', 'c'].map((name) => startAppServer({ name })))
  const start = (replica: string): Promise<TestGateway> =>
    startGateway(t, {
      servers: servers.map(({ address }) => address),
      upstream: {
        sticky: { learn: { create: ['$upstream_cookie_session'], lookup: ['$cookie_session'] } },
      },
      plugin: { fleet: { redis: redis.url, replica } },
    })
  const [first, second] = [await start('first'), await start('second')]
  t.after(() => Promise.all([redis.stop(), ...servers.map((server) => server.stop())]))
  await until('a fleet', () =>
    [first, second].every(({ app }) => app.holdfast.snapshot().store === 'up'),
  )

  // A subscription takes effect some time after it is asked for.
  let probe = new Session()
  await until(
    'the first news',
    async () => {
      if (await knows(second, probe)) return true
      probe = new Session()
      await ask(first, probe)
      return false
    },
    { everyMs: 200, deadlineMs: 10_000 },
  )

  const sessions = Array.from({ length: 30 }, () => new Session())
  const homes: string[] = []
  for (const session of sessions) homes.push((await ask(first, session)).server)
  const sentMs = performance.now()
  const last = sessions.at(-1)
  await until('the last news', () => last !== undefined && knows(second, last), {
    deadlineMs: 10_000,
  })
  t.diagnostic(`known elsewhere after ${Math.round(performance.now() - sentMs)} ms`)

  for (const [i, session] of sessions.entries()) {
    const { server, visits } = await ask(second, session)
    // The one that was asked for above has been there once more.
    assert.deepEqual([server, visits > 1], [homes[i], true])
  }
})

/** Whether the gateway keeps the session where it is. What a stranger is answered is not taken. */
async function knows(gateway: TestGateway, session: Session): Promise<boolean> {
  const copy = new Session()
  copy.set('session', session.get('session') ?? '')
  const kept = (): number => gateway.app.holdfast.get('test').snapshot().affinity.kept
  const before = kept()
  await ask(gateway, copy)
  return kept() > before
}
