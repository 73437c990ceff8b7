/** Redis that is gone, frozen, slow, or refuses: clients must notice nothing of it. */
import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { Redis as Client } from 'ioredis'
import { type AppServer, startAppServer } from '#fixtures/app-server.js'
import { startFleet, type TestReplica } from '#fixtures/fleet.js'
import { startGateway } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { type Load, type LoadResult, startLoad } from '#fixtures/load.js'
import { percentile, summarise } from '#fixtures/load-summary.js'
import { freePort } from '#fixtures/ports.js'
import { type Redis, redisMissing, startRedis } from '#fixtures/redis.js'
import { type SlowLink, startSlowLink } from '#fixtures/slow-link.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

describe('a fleet whose Redis fails', { skip: redisMissing() }, () => {
  let servers: readonly AppServer[]
  before(async () => {
    servers = await Promise.all(['x', 'y', 'z'].map((name) => startAppServer({ name })))
  })
  after(() => Promise.all(servers.map((server) => server.stop())))

  const start = (t: TestContext, port: number, replicas = ['a', 'b', 'c']) =>
    startFleet(t, {
      redis: `redis://127.0.0.1:${port}`,
      replicas,
      servers: servers.map(({ address }) => address),
      upstream: { sticky: { cookie: 'srv', keys: ['a key of sixteen bytes or more'] } },
    })

  it('starts within two seconds where Redis is down, and joins when it comes', async (t) => {
    const port = await freePort()
    const fleet = await start(t, port)
    await serves(fleet)
    const startedInMs = Math.max(...fleet.map((replica) => replica.startedInMs))
    const redis = await startRedis({ port })
    t.after(() => redis.stop())
    const joinedMs = await untilUp(fleet)
    t.diagnostic(
      `ready in ${startedInMs.toFixed(0)} ms, joined ${joinedMs.toFixed(0)} ms after it came`,
    )
    assert.ok(startedInMs < 2_000)
    assert.ok(joinedMs < 3_000)
  })

  it('starts within two seconds where Redis is frozen, and joins when it thaws', async (t) => {
    const redis = await startRedis()
    t.after(() => redis.stop())
    redis.freeze()
    const fleet = await start(t, redis.port)
    await serves(fleet)
    const startedInMs = Math.max(...fleet.map((replica) => replica.startedInMs))
    redis.thaw()
    const joinedMs = await untilUp(fleet)
    t.diagnostic(
      `ready in ${startedInMs.toFixed(0)} ms, joined ${joinedMs.toFixed(0)} ms after the thaw`,
    )
    assert.ok(startedInMs < 2_000)
    assert.ok(joinedMs < 3_000)
  })

  it('serves on while Redis is killed for three seconds, and is in step again in three', async (t) => {
    const redis = await startRedis()
    const fleet = await start(t, redis.port)
    let again: Redis | undefined
    t.after(() => again?.stop())
    await endures(t, fleet, servers, {
      begin: () => redis.kill(),
      lastsMs: 3_000,
      end: async () => {
        again = await startRedis({ port: redis.port })
      },
    })
  })

  it('serves on while Redis is frozen for three seconds, and is in step again in three', async (t) => {
    const redis = await startRedis()
    t.after(() => redis.stop())
    const fleet = await start(t, redis.port)
    await endures(t, fleet, servers, {
      begin: async () => redis.freeze(),
      lastsMs: 3_000,
      end: async () => redis.thaw(),
    })
  })

  it('serves on while Redis is cut off without a word, and is in step again in three', async (t) => {
    const { link } = await linked(t)
    const fleet = await start(t, link.port)
    await endures(t, fleet, servers, {
      begin: async () => {
        link.isCut = true
      },
      lastsMs: 3_000,
      end: async () => {
        link.isCut = false
      },
    })
  })

  it('serves on while Redis is 200 ms slow, and shares what it can', async (t) => {
    const { link } = await linked(t)
    const fleet = await start(t, link.port)
    await endures(t, fleet, servers, {
      begin: async () => {
        link.delayMs = 100
      },
      lastsMs: 3_000,
      isStillUp: true,
      end: async () => {
        link.delayMs = 0
      },
    })
  })

  describe('by refusing', () => {
    let redis: Redis
    let admin: Client
    before(async () => {
      redis = await startRedis({ args: ['--enable-debug-command', 'yes'] })
      admin = new Client(redis.port, '127.0.0.1', { maxRetriesPerRequest: 0 })
      admin.on('error', () => {})
      // Something to load, slowly, when it comes to that.
      for (let i = 0; i < 40; i += 1) await admin.set(`ballast:${i}`, 'x'.repeat(10_000))
    })
    after(async () => {
      admin.disconnect()
      await redis.stop()
    })

    const refusals: Readonly<
      Record<string, { begin(): Promise<unknown>; end?(): Promise<unknown>; isDown: boolean }>
    > = {
      READONLY: {
        begin: () => admin.replicaof('127.0.0.1', 1),
        end: () => admin.replicaof('NO', 'ONE'),
        isDown: true,
      },
      NOAUTH: {
        begin: async () => {
          await admin.config('SET', 'requirepass', 'secret')
          await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
          await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
        },
        end: () => admin.config('SET', 'requirepass', ''),
        isDown: true,
      },
      OOM: {
        begin: () => admin.config('SET', 'maxmemory', '1'),
        end: () => admin.config('SET', 'maxmemory', '0'),
        // A script that has begun to write may go on, and what the fleet keeps does not grow.
        isDown: false,
      },
      LOADING: {
        begin: async () => {
          await admin.config('SET', 'key-load-delay', '50000')
          await admin.config('SET', 'loading-process-events-interval-bytes', '1024')
          // It answers when it has loaded everything: two seconds.
          admin.call('DEBUG', 'RELOAD').catch(() => {})
        },
        end: () => admin.config('SET', 'key-load-delay', '0'),
        isDown: true,
      },
      WRONGTYPE: {
        begin: async () => {
          await admin.del('holdfast:1:default:{shop}:replicas')
          await admin.set('holdfast:1:default:{shop}:replicas', 'not a sorted set')
        },
        end: () => admin.del('holdfast:1:default:{shop}:replicas'),
        isDown: true,
      },
      'SCRIPT FLUSH': { begin: () => admin.script('FLUSH', 'SYNC'), isDown: false },
      FLUSHALL: { begin: () => admin.flushall(), isDown: false },
    }
    for (const [name, { begin, end, isDown }] of Object.entries(refusals)) {
      it(`with ${name} it costs no client anything, and no session its server`, async (t) => {
        const fleet = await start(t, redis.port)
        await untilUp(fleet)
        const loads = load(t, fleet)
        await until('some load', () => loads.every(({ results }) => results.length > 20))
        await begin()
        if (isDown) {
          await until(
            `${name} is noticed`,
            () => fleet.every((replica) => replica.store() === 'down'),
            { deadlineMs: 5_000 },
          )
        }
        await pass(500)
        await end?.()
        const backMs = await untilUp(fleet)
        const results = await Promise.all(loads.map((one) => one.stop()))
        const lines = Math.max(...fleet.map(({ log }) => log.length))
        t.diagnostic(
          `${name}: ${results.flat().length} requests; up ${backMs.toFixed(0)} ms after its end; ` +
            `${lines} log lines`,
        )
        undisturbed(results)
        assert.ok(lines <= 10)
      })
    }
  })
})

interface Trouble {
  begin(): Promise<unknown>
  readonly lastsMs: number
  readonly isStillUp?: boolean
  end(): Promise<unknown>
}

/** Loads all replicas, and a gateway that knows no Redis, before Redis is in trouble and meanwhile. */
async function endures(
  t: TestContext,
  fleet: readonly TestReplica[],
  servers: readonly AppServer[],
  trouble: Trouble,
): Promise<void> {
  await untilUp(fleet)
  const control = await startGateway(t, { servers: servers.map(({ address }) => address) })
  // The first of all pay for code that is not compiled yet.
  await serves([...fleet, control])
  const loads = load(t, fleet)
  const [controlLoad] = load(t, [control])
  await pass(500)
  await trouble.begin()
  await pass(trouble.lastsMs)
  const health = fleet.map((replica) => replica.store())
  await trouble.end()
  const endedMs = performance.now()
  await untilUp(fleet)
  // A word said at one must be heard at all: that is what being in step means.
  const address = servers[0]?.address ?? ''
  fleet[0]?.app.holdfast.get('shop').override(address, { weight: 7 })
  await until('all are in step', () => fleet.every((replica) => replica.weight(address) === 7), {
    deadlineMs: 5_000,
  })
  const inStepMs = performance.now() - endedMs
  const results = await Promise.all(loads.map((one) => one.stop()))
  const controlMs = usualP99Ms((await controlLoad?.stop()) ?? [])
  const p99Ms = percentile(results.map(usualP99Ms), 50)
  const lines = Math.max(...fleet.map(({ log }) => log.length))
  t.diagnostic(
    `${results.flat().length} requests; p99 ${p99Ms.toFixed(1)} ms, and ` +
      `${controlMs.toFixed(1)} ms without a fleet at the same time; in step ` +
      `${inStepMs.toFixed(0)} ms after the end; ${lines} log lines at the most`,
  )
  undisturbed(results)
  // On a machine that is busy with other things five milliseconds are no measure.
  assert.ok(p99Ms <= Math.max(controlMs + 5, controlMs * 1.5), 'latency')
  assert.ok(inStepMs <= 3_000, 'in step')
  assert.ok(lines <= 10, 'log lines')
  const expected = trouble.isStillUp === true ? 'up' : 'down'
  assert.deepEqual(
    health,
    fleet.map(() => expected),
  )
}

function load(t: TestContext, gateways: ReadonlyArray<{ readonly address: string }>): Load[] {
  const loads = gateways.map(({ address }) =>
    startLoad({ address, sessions: 10, ratePerS: 30, timeoutMs: 5_000 }),
  )
  // A test that fails must not leave it running.
  t.after(() => Promise.all(loads.map((one) => one.stop())))
  return loads
}

/** The median of each half second's p99: what a busy machine does to one of them is not told. */
function usualP99Ms(results: readonly LoadResult[]): number {
  const slices = new Map<number, LoadResult[]>()
  for (const result of results) {
    const slice = Math.floor(result.startedMs / 500)
    slices.set(slice, [...(slices.get(slice) ?? []), result])
  }
  const each = [...slices.values()].map((slice) =>
    percentile(
      slice.map(({ tookMs }) => tookMs),
      99,
    ),
  )
  return percentile(each, 50)
}

/** All were answered, and every session by one server from first to last. */
function undisturbed(results: ReadonlyArray<readonly LoadResult[]>): void {
  for (const one of results) {
    const { count, byStatus, byError } = summarise(one)
    assert.deepEqual(byError, {})
    assert.deepEqual(byStatus, { 200: count })
    const { serversBySession } = summarise(sincePinned(one))
    for (const [session, { length }] of serversBySession) assert.equal(length, 1, `${session}`)
  }
}

/** Without what a session sent before its first answers had told it where it belongs. */
function sincePinned(results: readonly LoadResult[]): LoadResult[] {
  const endMs = ({ startedMs, tookMs }: LoadResult) => startedMs + tookMs
  const firstMs = new Map<number | undefined, number>()
  for (const result of results) {
    const { session } = result
    firstMs.set(session, Math.min(firstMs.get(session) ?? Infinity, endMs(result)))
  }
  // Of several answers to requests without a cookie the last one stays, as in a browser.
  const pinnedMs = new Map<number | undefined, number>()
  for (const result of results) {
    const { session, startedMs } = result
    if (startedMs > (firstMs.get(session) ?? 0)) continue
    pinnedMs.set(session, Math.max(pinnedMs.get(session) ?? 0, endMs(result)))
  }
  return results.filter(({ session, startedMs }) => startedMs > (pinnedMs.get(session) ?? 0))
}

async function serves(gateways: ReadonlyArray<{ readonly address: string }>): Promise<void> {
  for (const { address } of gateways) {
    const results = await startLoad({ address, requests: 20, sessions: 4 }).done
    assert.deepEqual(summarise(results).byStatus, { 200: 20 })
  }
}

async function untilUp(fleet: readonly TestReplica[]): Promise<number> {
  const startedMs = performance.now()
  await until('the store is up', () => fleet.every((replica) => replica.store() === 'up'), {
    deadlineMs: 6_000,
  })
  return performance.now() - startedMs
}

async function linked(t: TestContext): Promise<{ redis: Redis; link: SlowLink }> {
  const redis = await startRedis()
  t.after(() => redis.stop())
  const link = await startSlowLink(redis.port)
  t.after(() => link.close())
  return { redis, link }
}

async function pass(ms: number): Promise<void> {
  const endMs = performance.now() + ms
  await until('time to pass', () => performance.now() >= endMs, { deadlineMs: ms + 2_000 })
}
