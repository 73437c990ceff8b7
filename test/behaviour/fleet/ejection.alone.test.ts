/** What replicas that share their health make of servers that die. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { spawnAppServer, startAppServer } from '#fixtures/app-server.js'
import { startFleet, type TestReplica } from '#fixtures/fleet.js'
import { startGateway } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { startLoad } from '#fixtures/load.js'
import { summarise } from '#fixtures/load-summary.js'
import { freePort } from '#fixtures/ports.js'
import { exchange, get } from '#fixtures/raw-client.js'
import { type Redis, redisMissing, startRedis } from '#fixtures/redis.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

describe('a fleet of three over a real Redis', { skip: redisMissing() }, () => {
  let redis: Redis
  before(async () => {
    redis = await startRedis()
  })
  after(() => redis.stop())

  it('has a server that is killed under load out everywhere 100 ms after the quorum', async (t) => {
    const victim = await spawnAppServer({ name: 'victim' })
    t.after(() => victim.stop())
    const other = await startAppServer({ name: 'other' })
    t.after(() => other.stop())
    const fleet = await startFleet(t, {
      redis: redis.url,
      namespace: 'killed',
      servers: [victim.address, other.address],
    })
    const loads = fleet.map(({ address }, i) =>
      startLoad({ address, ratePerS: 40, cookieless: 1, name: `l${i}` }),
    )
    await until('some load', () => loads.every(({ results }) => results.length > 20))
    await victim.kill()
    const { quorumMs, outMs } = await watchEjection(fleet, victim.address, 3)
    const results = (await Promise.all(loads.map((load) => load.stop()))).flat()
    const spread = Math.max(...outMs) - quorumMs
    t.diagnostic(
      `out on the last of three ${spread.toFixed(1)} ms after the quorum; ` +
        `${results.length} requests, all ${Object.keys(summarise(results).byStatus).join(', ')}`,
    )
    assert.ok(spread <= 100, `${spread} ms`)
    assert.deepEqual(summarise(results).byStatus, { 200: results.length })
    const told = fleet.flatMap(({ log }) => log.filter(({ voters }) => voters !== undefined))
    assert.ok(told.length > 0, 'none took the word of others')
  })

  it('lets far fewer requests meet a dead server than replicas on their own', async (t) => {
    const deadAddress = `127.0.0.1:${await freePort()}`
    const alive = await startAppServer({ name: 'alive' })
    t.after(() => alive.stop())
    const servers = [deadAddress, alive.address]
    // The text format binds a client to an address, so that every request wants the dead one.
    const upstream = { sticky: { cookie: 'srv', value: 'text' as const } }
    const fleet = await startFleet(t, { redis: redis.url, namespace: 'few', servers, upstream })
    const alone = await Promise.all(
      [1, 2, 3].map(() => startGateway(t, { servers, upstream: { name: 'test', ...upstream } })),
    )
    const together = await meet(
      fleet.map(({ address }) => address),
      deadAddress,
    )
    const apart = await meet(
      alone.map(({ address }) => address),
      deadAddress,
    )
    const met = fleet.reduce((sum, replica) => sum + replica.fails(deadAddress), 0)
    const metAlone = alone.reduce((sum, gateway) => sum + gateway.fails(), 0)
    const newsMs = 100
    // In that time the three send so many more.
    const most = Math.max(3, 2) + Math.ceil((newsMs / 1_000) * 3 * RATE)
    t.diagnostic(
      `at ${RATE} requests a second a replica, ${met} of ${together} met the dead server (at most ` +
        `${most}), and ${metAlone} of ${apart} where nothing is shared; from 3 / 0.1 s = ` +
        '30 requests a second a replica on, each of them has seen enough before news can come',
    )
    assert.ok(met <= most, `${met}`)
    assert.equal(metAlone, 9)
  })

  it('sends one probe in all when the ejection has run out, and takes its word', async (t) => {
    const port = await freePort()
    const address = `127.0.0.1:${port}`
    const other = await startAppServer({ name: 'other' })
    t.after(() => other.stop())
    const fleet = await startFleet(t, {
      redis: redis.url,
      namespace: 'probe',
      servers: [{ address, failTimeout: '2s' }, other.address],
    })
    const loads = fleet.map(({ address: at }, i) =>
      startLoad({ address: at, ratePerS: 60, cookieless: 1, name: `p${i}` }),
    )
    await until('it is out everywhere', () =>
      fleet.every((one) => one.state(address) === 'ejected'),
    )
    // It is back, but slow: whatever else would come to it before it has answered would be seen.
    const returned = await startAppServer({ name: 'returned', port, delayMs: 400 })
    t.after(() => returned.stop())
    const before = await until(
      'it is up somewhere',
      () => fleet.some((one) => one.state(address) === 'up') && returned.executed().length,
      { deadlineMs: 8_000, everyMs: 1 },
    )
    const firstMs = performance.now()
    await until('it is up everywhere', () => fleet.every((one) => one.state(address) === 'up'))
    const spread = performance.now() - firstMs
    await Promise.all(loads.map((load) => load.stop()))
    t.diagnostic(
      `${before} request was sent to it before it had answered; ${spread.toFixed(1)} ms after the ` +
        'first replica the last had it back',
    )
    assert.equal(before, 1)
  })
})

const RATE = 5

/** When the fails were enough for the fleet, and when each replica had the server out. */
async function watchEjection(fleet: readonly TestReplica[], server: string, maxFails: number) {
  let quorumMs = Number.POSITIVE_INFINITY
  const outMs = fleet.map(() => Number.POSITIVE_INFINITY)
  await until(
    'it is out everywhere',
    () => {
      const nowMs = performance.now()
      const fails = fleet.map((replica) => replica.fails(server))
      const saw = fails.filter((count) => count > 0).length
      if (fails.reduce((a, b) => a + b, 0) >= maxFails && saw >= 2) {
        quorumMs = Math.min(quorumMs, nowMs)
      }
      for (const [i, replica] of fleet.entries()) {
        if (replica.state(server) !== 'up') outMs[i] = Math.min(outMs[i] ?? nowMs, nowMs)
      }
      return outMs.every(Number.isFinite)
    },
    { deadlineMs: 5_000, everyMs: 1 },
  )
  return { quorumMs, outMs }
}

/** Sends each gateway requests of sessions that belong to `server`, for two seconds. */
async function meet(gateways: readonly string[], server: string): Promise<number> {
  const sent = await Promise.all(
    gateways.map(async (address, i) => {
      // Not all in step, as no clients are.
      await delay((i * 1_000) / RATE / gateways.length)
      for (let n = 0; n < 2 * RATE; n += 1) {
        const next = delay(1_000 / RATE)
        const { status } = await exchange(address, get('/', `Cookie: srv=${server}`))
        assert.equal(status, 200)
        await next
      }
      return 2 * RATE
    }),
  )
  return sent.reduce((a, b) => a + b, 0)
}
