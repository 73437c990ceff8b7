/** What an operator says at one replica, on all of them. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { Redis as Client } from 'ioredis'
import { type AppServer, startAppServer } from '#fixtures/app-server.js'
import { startFleet } from '#fixtures/fleet.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { exchange, get } from '#fixtures/raw-client.js'
import { type Redis, redisMissing, startRedis } from '#fixtures/redis.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

describe('over a real Redis', { skip: redisMissing() }, () => {
  let redis: Redis
  let admin: Client
  let x: AppServer
  let y: AppServer
  before(async () => {
    redis = await startRedis()
    admin = new Client(redis.port, '127.0.0.1')
    x = await startAppServer({ name: 'x' })
    y = await startAppServer({ name: 'y' })
  })
  after(async () => {
    admin.disconnect()
    await Promise.all([redis.stop(), x.stop(), y.stop()])
  })
  const options = (namespace: string) => ({
    redis: redis.url,
    namespace,
    servers: [x.address, y.address],
  })

  it("an operator's word holds on every replica, also on one that starts later", async (t) => {
    const fleet = await startFleet(t, options('words'))
    fleet[0]?.app.holdfast.get('shop').override(x.address, { state: 'drain', weight: 5 }, 'zoe')
    await until('it drains everywhere', () =>
      fleet.every((one) => one.state(x.address) === 'drain' && one.weight(x.address) === 5),
    )
    const [late] = await startFleet(t, { ...options('words'), replicas: ['late'] })
    // It had asked before it listened.
    assert.equal(late?.state(x.address), 'drain')
    late?.app.holdfast.get('shop').undrain(x.address)
    await until('it is up everywhere', () =>
      [...fleet, late].every((one) => one?.state(x.address) === 'up'),
    )
  })

  it('it is given back to a Redis that has lost everything', async (t) => {
    const fleet = await startFleet(t, options('lost'))
    fleet[0]?.app.holdfast.get('shop').drain(x.address)
    await until('it drains', () => fleet.every((one) => one.state(x.address) === 'drain'))
    await admin.flushall()
    const records = 'holdfast:1:lost:{shop}:records'
    await until('it is back', () => admin.hexists(records, `o ${x.address} 0`), {
      deadlineMs: 6_000,
    })
    assert.ok(fleet.every((one) => one.state(x.address) === 'drain'))
  })

  it('it ends by itself when it was said for a time', async (t) => {
    const fleet = await startFleet(t, options('ttl'))
    fleet[0]?.app.holdfast.get('shop').override(x.address, { state: 'drain', ttl: '300ms' })
    await until('it drains', () => fleet.every((one) => one.state(x.address) === 'drain'))
    await until('it is over', () => fleet.every((one) => one.state(x.address) === 'up'), {
      deadlineMs: 6_000,
    })
  })

  it('the last server that takes requests is only taken down by force', async (t) => {
    const [one] = await startFleet(t, { ...options('force'), replicas: ['one'] })
    const shop = one?.app.holdfast.get('shop')
    shop?.override(x.address, { state: 'down' })
    assert.throws(() => shop?.override(y.address, { state: 'down' }), /last one/)
    shop?.override(y.address, { state: 'down', force: true })
    assert.equal(one?.state(y.address), 'down')
  })

  it('fleets with different namespaces do not see each other', async (t) => {
    const [here] = await startFleet(t, { ...options('here'), replicas: ['one'] })
    const [there] = await startFleet(t, { ...options('there'), replicas: ['one'] })
    here?.app.holdfast.get('shop').drain(x.address)
    await until('it is stored', () => admin.hlen('holdfast:1:here:{shop}:records'))
    await until('the other has asked again', async () => {
      const seen = await admin.zscore('holdfast:1:there:{shop}:replicas', 'one')
      return Number(seen) > Date.now() - 500
    })
    assert.equal(there?.state(x.address), 'up')
    assert.equal(await admin.hlen('holdfast:1:there:{shop}:records'), 0)
    const keys = await admin.keys('holdfast:1:*')
    assert.deepEqual(
      keys.filter((key) => !/^holdfast:1:[\w-]+:\{(shop|@fleet)\}:\w+/.test(key)),
      [],
    )
    for (const key of keys) assert.ok((await admin.pttl(key)) > 0, `${key} never expires`)
  })

  it('ten thousand successful requests cost Redis nothing', { timeout: 60_000 }, async (t) => {
    const fleet = await startFleet(t, options('quiet'))
    const commands = async (): Promise<Map<string, number>> => {
      const stats = await admin.info('commandstats')
      const lines = [...stats.matchAll(/cmdstat_(\S+?):calls=(\d+)/g)]
      return new Map(lines.map(([, name = '', calls]) => [name, Number(calls)]))
    }
    const before = await commands()
    const startedMs = performance.now()
    const [first] = fleet
    assert.ok(first !== undefined)
    const requests = 10_000
    await Promise.all(
      fleet.map(async ({ app }) => {
        for (let i = 0; i < requests / fleet.length; i += 1) {
          const { statusCode } = await app.inject('/')
          assert.equal(statusCode, 200)
        }
      }),
    )
    const s = (performance.now() - startedMs) / 1_000
    const after = await commands()
    const ours = ['evalsha', 'eval', 'publish', 'ping', 'subscribe']
    const counts = ours.map((name) => (after.get(name) ?? 0) - (before.get(name) ?? 0))
    const scripts = (counts[0] ?? 0) + (counts[1] ?? 0)
    // One exchange in two seconds and one snapshot a second, from each; and one of each at the ends.
    const heartbeats = Math.ceil(fleet.length * (s / 2 + s + 2))
    t.diagnostic(
      `${requests} requests in ${s.toFixed(1)} s: ${scripts} scripts (heartbeats: at most ` +
        `${heartbeats}), ${counts[2]} published`,
    )
    assert.ok(scripts <= heartbeats)
    assert.equal(counts[2], 0)
  })

  it("a client of the gateway's own is duplicated, and one with a keyPrefix refused", async (t) => {
    const own = new Client(redis.port, '127.0.0.1')
    t.after(() => own.disconnect())
    const fleet = await startFleet(t, { ...options('own'), redis: own, replicas: ['one'] })
    await until('it is up', () => fleet[0]?.store() === 'up')
    await fleet[0]?.app.close()
    assert.equal(await own.ping(), 'PONG')
    const prefixed = new Client(redis.port, '127.0.0.1', { keyPrefix: 'mine:' })
    t.after(() => prefixed.disconnect())
    await assert.rejects(
      startFleet(t, { ...options('own'), redis: prefixed, replicas: ['two'] }),
      /keyPrefix: is refused/,
    )
  })

  it('the rights that the documentation names are enough', async (t) => {
    const page = readFileSync(new URL('../../../../docs/fleet.md', import.meta.url), 'utf8')
    const [line = ''] = /^ACL SETUSER .*$/m.exec(page) ?? []
    const [command = '', ...args] = line.split(' ')
    await admin.call(command, ...args)
    const address = `holdfast:password@127.0.0.1:${redis.port}`
    const fleet = await startFleet(t, { ...options('acl'), redis: `redis://${address}` })
    await until('they meet', () => fleet.every((one) => one.store() === 'up'))
    fleet[0]?.app.holdfast.get('shop').drain(x.address)
    await until('it drains', () => fleet.every((one) => one.state(x.address) === 'drain'))
    await until('snapshots are posted', () => admin.hlen('holdfast:1:acl:{@fleet}:snapshots'))
    const log = (await admin.call('ACL', 'LOG')) as unknown[]
    assert.deepEqual(log, [], 'nothing was refused')
  })

  it('what an attacker writes into Redis adds no server, and keeps none out for long', async (t) => {
    const fleet = await startFleet(t, options('hostile'))
    const upstream = fleet[0]?.app.holdfast.get('shop')
    const name = (key: string) => `holdfast:1:hostile:{shop}:${key}`
    const century = 4_102_444_800_000 * 10
    const entries: Readonly<Record<string, string>> = {
      'e evil.example:80 0': `1 ${century} 1 a=9,b=9`,
      'o evil.example:80 0': '1 0 up 1 -',
      'e __proto__': `1 ${century} 1 a=9,b=9`,
      'o __proto__': '1 0 down - -',
      [`e ${x.address} 0`]: `7999999999999999 ${century} 999999 a=9,b=9`,
      [`o ${x.address} 0`]: '9007199254740990 0 down - -',
      [`o ${y.address} 0`]: 'NaN NaN down NaN NaN',
      [`e ${y.address} 0`]: '',
      [`e ${'a'.repeat(1_000_000)}`]: 'b'.repeat(9_000_000),
    }
    for (const [field, value] of Object.entries(entries)) {
      await admin.hset(name('records'), field, value)
    }
    await admin.zadd(name('replicas'), '+inf', '__proto__', century, 'x'.repeat(10_000))
    await admin.set(name('stamp'), 'whatever')
    for (const text of ['', '\n', 'e\n', '{"__proto__":1}', 'z'.repeat(10_000_000)]) {
      await admin.publish(name('news'), text)
    }
    const startedMs = performance.now()
    await until(
      'the ejection is taken for what it is',
      () => fleet.every((one) => one.state(x.address) === 'ejected'),
      { deadlineMs: 5_000 },
    )
    let slowestMs = 0
    for (let i = 0; i < 50; i += 1) {
      const sentMs = performance.now()
      for (const { address } of fleet) assert.equal((await exchange(address, get('/'))).status, 200)
      slowestMs = Math.max(slowestMs, performance.now() - sentMs)
    }
    const untilMs = upstream?.snapshot().servers.map(({ ejectedUntil }) => ejectedUntil) ?? []
    t.diagnostic(
      `${((performance.now() - startedMs) / 1_000).toFixed(1)} s under attack, slowest three ` +
        `requests ${slowestMs.toFixed(0)} ms, ejected for ${((Number(untilMs[0]) - Date.now()) / 1_000).toFixed(0)} s`,
    )
    for (const one of fleet) {
      const { servers } = one.app.holdfast.get('shop').snapshot()
      assert.deepEqual(
        servers.map(({ address }) => address),
        [x.address, y.address],
      )
      assert.equal(one.state(y.address), 'up')
    }
    // And what operators say is heard all the same, over whatever stood there.
    for (const { address } of [x, y]) upstream?.drain(address)
    await until('both drain', () =>
      fleet.every((one) => [x, y].every(({ address }) => one.state(address) === 'drain')),
    )
    // No longer than this replica would have ejected it itself.
    assert.ok(Number(untilMs[0]) - Date.now() <= 31_000)
    assert.equal(({} as Record<string, unknown>).kind, undefined)
  })
})
