/** Redis that fails over, and replicas that are cut off, out of time, or killed. For the soak. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { after, before, describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Redis as Client } from 'ioredis'
import { type AppServer, startAppServer } from '#fixtures/app-server.js'
import { startDaemon, superviseDaemon } from '#fixtures/daemon.js'
import { startFleet, type TestReplica } from '#fixtures/fleet.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { startLoad } from '#fixtures/load.js'
import { summarise } from '#fixtures/load-summary.js'
import { freePort } from '#fixtures/ports.js'
import { type Redis, redisMissing, startRedis } from '#fixtures/redis.js'
import { startSlowLink } from '#fixtures/slow-link.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

describe('a fleet', { skip: redisMissing() }, () => {
  let x: AppServer
  let y: AppServer
  let servers: readonly string[]
  before(async () => {
    x = await startAppServer({ name: 'x' })
    y = await startAppServer({ name: 'y' })
    servers = [x.address, y.address]
  })
  after(() => Promise.all([x.stop(), y.stop()]))

  it('R26: goes on when Sentinel makes another Redis the primary', async (t) => {
    const primary = await startRedis()
    const standby = await startRedis({ args: ['--replicaof', '127.0.0.1', `${primary.port}`] })
    t.after(() => Promise.all([primary.stop(), standby.stop()]))
    const sentinels = await Promise.all([1, 2, 3].map(() => startSentinel(t, primary.port)))
    await until(
      'the sentinels know of each other and of the standby',
      async () => {
        const known = await Promise.all(sentinels.map((port) => primaryOf(port)))
        return known.every(({ slaves, others }) => slaves === '1' && others === '2')
      },
      { deadlineMs: 30_000, everyMs: 100 },
    )
    const fleet = await startFleet(t, {
      redis: {
        sentinels: sentinels.map((port) => ({ host: '127.0.0.1', port })),
        name: 'main',
        sentinelRetryStrategy: () => 100,
      },
      servers,
    })
    await endures(t, fleet, x.address, 'a Sentinel failover', async () => {
      await primary.kill()
      await until('the standby is the primary', async () => await isPrimary(standby), {
        deadlineMs: 30_000,
        everyMs: 50,
      })
    })
  })

  it('R26: goes on when a Cluster moves its slot', async (t) => {
    const nodes = await startCluster()
    const fleet = await startFleet(t, {
      redis: { cluster: nodes.map(({ port }) => ({ host: '127.0.0.1', port })) },
      servers,
    })
    // After the replicas: a client of a Cluster that is gone tries its nodes in turn, in vain.
    t.after(() => Promise.all(nodes.map((node) => node.stop())))
    await endures(t, fleet, x.address, 'a slot that moved', () => moveSlot(nodes))
  })

  it('R27: takes back a replica that was cut off', async (t) => {
    const redis = await startRedis()
    t.after(() => redis.stop())
    const link = await startSlowLink(redis.port)
    t.after(() => link.close())
    const [a, b] = await startFleet(t, { redis: redis.url, servers, replicas: ['a', 'b'] })
    const [cut] = await startFleet(t, {
      redis: `redis://127.0.0.1:${link.port}`,
      servers,
      replicas: ['cut'],
    })
    const fleet = [a, b, cut].filter((one) => one !== undefined)
    await endures(t, fleet, x.address, 'a partition', async () => {
      link.isCut = true
      await until('it knows', () => cut?.store() === 'down', { deadlineMs: 6_000 })
      // What happens meanwhile must reach it later.
      a?.app.holdfast.get('shop').override(y.address, { weight: 3 })
      await until('the other knows', () => b?.weight(y.address) === 3)
      assert.equal(cut?.weight(y.address), 1)
      link.isCut = false
    })
    await until('it knows now', () => cut?.weight(y.address) === 3, { deadlineMs: 3_000 })
  })

  it('R27: keeps every session with a replica whose clock is ten minutes off', async (t) => {
    const redis = await startRedis()
    t.after(() => redis.stop())
    const upstream = {
      sticky: { cookie: 'srv', keys: ['a key of sixteen bytes or more'], idle: '1m' },
    }
    const skews = [-600_000, 0, 600_000]
    const fleets = await Promise.all(
      skews.map((skewMs) =>
        startFleet(t, { redis: redis.url, servers, upstream, replicas: [`at${skewMs}`], skewMs }),
      ),
    )
    const fleet = fleets.flat()
    let cookie = ''
    let server: unknown
    for (let i = 0; i < 300; i += 1) {
      const { app } = fleet[i % fleet.length] ?? assert.fail()
      const answer = await app.inject({ url: '/', headers: cookie === '' ? {} : { cookie } })
      const set = [answer.headers['set-cookie']].flat().find((line) => line?.startsWith('srv='))
      server ??= answer.json().server
      assert.equal(answer.json().server, server, `request ${i}`)
      assert.ok(i === 0 || set === undefined, `request ${i} got a new cookie`)
      cookie = set?.split(';')[0] ?? cookie
    }
    t.diagnostic('300 requests of one session over clocks that are 20 minutes apart: none moved')
  })

  it('R27: forgets a replica that is killed', async (t) => {
    const redis = await startRedis()
    t.after(() => redis.stop())
    const admin = new Client(redis.port, '127.0.0.1')
    t.after(() => admin.disconnect())
    const fleet = await startFleet(t, { redis: redis.url, servers, replicas: ['a', 'b'] })
    const entry = fileURLToPath(new URL('../../fixtures/replica-process.js', import.meta.url))
    const options = JSON.stringify({ redis: redis.url, replica: 'doomed', servers })
    const doomed = await superviseDaemon(
      spawn(process.execPath, [entry, options], { stdio: ['pipe', 'pipe', 'pipe'] }),
      ({ output }) => output().includes('listening'),
    )
    t.after(() => doomed.kill())
    const members = () => admin.zrange('holdfast:1:default:{shop}:replicas', '0', '-1')
    await until('it has joined', async () => (await members()).includes('doomed'))
    await endures(t, fleet, x.address, 'a replica that was killed', async () => {
      await doomed.kill()
      await until('it is forgotten', async () => !(await members()).includes('doomed'), {
        deadlineMs: 10_000,
        everyMs: 50,
      })
    })
  })
})

/** Loads all replicas meanwhile; afterwards a word said at the first must reach all in time. */
async function endures(
  t: TestContext,
  fleet: readonly TestReplica[],
  server: string,
  what: string,
  trouble: () => Promise<void>,
): Promise<void> {
  await until('all are up', () => fleet.every((one) => one.store() === 'up'), {
    deadlineMs: 10_000,
  })
  const loads = fleet.map(({ address }) => startLoad({ address, sessions: 10, ratePerS: 30 }))
  t.after(() => Promise.all(loads.map((load) => load.stop())))
  await until('some load', () => loads.every(({ results }) => results.length > 20), {
    deadlineMs: 10_000,
  })
  await trouble()
  const endedMs = performance.now()
  await until(
    'all agree',
    () => {
      fleet[0]?.app.holdfast.get('shop').override(server, { weight: 9 })
      return fleet.every((one) => one.store() === 'up' && one.weight(server) === 9)
    },
    { deadlineMs: 5_000, everyMs: 50 },
  )
  const agreedMs = performance.now() - endedMs
  const results = (await Promise.all(loads.map((load) => load.stop()))).flat()
  const { count, byStatus, byError } = summarise(results)
  t.diagnostic(`${what}: ${count} requests, views agree after ${agreedMs.toFixed(0)} ms`)
  assert.deepEqual(byError, {})
  assert.deepEqual(byStatus, { 200: count })
}

async function startSentinel(t: TestContext, primary: number): Promise<number> {
  const port = await freePort()
  const configuration = [
    `port ${port}`,
    `sentinel monitor main 127.0.0.1 ${primary} 2`,
    'sentinel down-after-milliseconds main 1000',
    'sentinel failover-timeout main 5000',
  ]
  const daemon = await startDaemon('redis-server', ['sentinel.conf', '--sentinel'], {
    files: { 'sentinel.conf': `${configuration.join('\n')}\n` },
    ready: async () => (await primaryOf(port)).slaves !== undefined,
  })
  t.after(() => daemon.stop())
  return port
}

async function primaryOf(port: number) {
  const client = new Client(port, '127.0.0.1', { maxRetriesPerRequest: 0, retryStrategy: null })
  client.on('error', () => {})
  try {
    const list = (await client.call('SENTINEL', 'MASTER', 'main')) as string[] | object
    const entries = Array.isArray(list)
      ? list.flatMap((name, i) => (i % 2 === 0 ? [[name, list[i + 1]] as const] : []))
      : Object.entries(list)
    const all = new Map<unknown, unknown>(entries)
    return { slaves: all.get('num-slaves'), others: all.get('num-other-sentinels') }
  } finally {
    client.disconnect()
  }
}

async function isPrimary(redis: Redis): Promise<boolean> {
  const client = new Client(redis.port, '127.0.0.1')
  try {
    return (await client.info('replication')).includes('role:master')
  } finally {
    client.disconnect()
  }
}

const SLOTS = 16_384

async function startCluster(): Promise<readonly Redis[]> {
  const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000']
  const nodes = await Promise.all([1, 2, 3].map(() => startRedis({ args })))
  const each = Math.ceil(SLOTS / nodes.length)
  for (const [i, { port }] of nodes.entries()) {
    const last = Math.min(SLOTS, (i + 1) * each) - 1
    await call(port, 'CLUSTER', 'ADDSLOTSRANGE', String(i * each), String(last))
    if (i > 0) await call(port, 'CLUSTER', 'MEET', '127.0.0.1', String(nodes[0]?.port))
  }
  await until(
    'the cluster is whole',
    async () => {
      const infos = await Promise.all(nodes.map(({ port }) => call(port, 'CLUSTER', 'INFO')))
      return infos.every(
        (info) =>
          String(info).includes('cluster_state:ok') &&
          String(info).includes('cluster_known_nodes:3'),
      )
    },
    { deadlineMs: 20_000, everyMs: 100 },
  )
  return nodes
}

/** Moves the slot of the upstream's keys to the next node, keys and all, as `reshard` does. */
async function moveSlot(nodes: readonly Redis[]): Promise<void> {
  const [first] = nodes
  assert.ok(first !== undefined)
  const slot = Number(await call(first.port, 'CLUSTER', 'KEYSLOT', '{shop}'))
  const ids = await Promise.all(nodes.map(({ port }) => call(port, 'CLUSTER', 'MYID')))
  const from = Math.floor(slot / Math.ceil(SLOTS / nodes.length))
  const to = (from + 1) % nodes.length
  const [source, target] = [nodes[from], nodes[to]]
  assert.ok(source !== undefined && target !== undefined)
  const [name, sourceId, targetId] = [String(slot), String(ids[from]), String(ids[to])]
  await call(target.port, 'CLUSTER', 'SETSLOT', name, 'IMPORTING', sourceId)
  await call(source.port, 'CLUSTER', 'SETSLOT', name, 'MIGRATING', targetId)
  const keys = (await call(source.port, 'CLUSTER', 'GETKEYSINSLOT', name, '1000')) as string[]
  assert.ok(keys.length > 0)
  await call(
    source.port,
    'MIGRATE',
    '127.0.0.1',
    `${target.port}`,
    '',
    '0',
    '5000',
    'KEYS',
    ...keys,
  )
  for (const { port } of [target, source, ...nodes]) {
    await call(port, 'CLUSTER', 'SETSLOT', name, 'NODE', targetId)
  }
}

async function call(port: number, command: string, ...args: string[]): Promise<unknown> {
  const client = new Client(port, '127.0.0.1')
  try {
    return await client.call(command, ...args)
  } finally {
    client.disconnect()
  }
}
