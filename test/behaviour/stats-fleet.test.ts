import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type HoldfastOptions, holdfast } from '@holdfast/plugin'
import { type StatsOptions, stats } from '@holdfast/stats'
import Fastify, { type FastifyInstance } from 'fastify'
import { type Daemon, superviseDaemon } from '#fixtures/daemon.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { redisMissing, startRedis } from '#fixtures/redis.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

const TOKEN = 'a-token-for-the-snapshots'
const ADMIN = 'a-token-for-the-operators'
const BIN = fileURLToPath(new URL('bin.js', import.meta.resolve('@holdfast/stats')))

async function startShops(t: TestContext, count = 3): Promise<readonly string[]> {
  const addresses: string[] = []
  for (let i = 0; i < count; i += 1) {
    const shop = Fastify({ forceCloseConnections: true })
    t.after(() => shop.close())
    shop.get('/', async () => `shop-${i + 1}`)
    addresses.push(new URL(await shop.listen({ port: 0, host: '127.0.0.1' })).host)
  }
  return addresses
}

interface Replica {
  readonly app: FastifyInstance
  readonly origin: string
}

async function startReplica(
  t: TestContext,
  shops: readonly string[],
  options: Partial<HoldfastOptions> = {},
  port = 0,
): Promise<Replica> {
  const app = Fastify({ forceCloseConnections: true })
  t.after(() => app.close())
  await app.register(holdfast, {
    prefix: '/shop',
    upstream: {
      name: 'shop',
      servers: shops.map((address, i) => ({ id: `shop-${i + 1}`, address })),
      sticky: { cookie: 'srv', keys: ['one key for all the replicas'] },
    },
    stats: { path: '/snapshot', token: TOKEN, adminToken: ADMIN },
    log: 'off',
    ...options,
  })
  return { app, origin: await app.listen({ port, host: '127.0.0.1' }) }
}

/** A sidecar, and what an operator asks it. */
async function startSidecar(t: TestContext, options: StatsOptions) {
  const app = Fastify({ forceCloseConnections: true })
  t.after(() => app.close())
  await app.register(stats, { interval: '100ms', tokens: { admin: ADMIN }, ...options })
  const headers = { authorization: `Bearer ${ADMIN}` }
  const ask = async (url: string, method: 'GET' | 'POST' | 'DELETE' = 'GET', payload?: object) => {
    const request = { url: `/api/v1/${url}`, method, headers }
    const response = await app.inject(payload === undefined ? request : { ...request, payload })
    return { status: response.statusCode, body: response.json() }
  }
  return {
    ask,
    live: async () => {
      const { replicas = [] } = (await ask('fleet')).body
      return replicas.filter(({ presence }: { presence: string }) => presence === 'live').length
    },
  }
}

function stateAt({ app }: Replica, id: string): string | undefined {
  return app.holdfast
    .get('shop')
    .snapshot()
    .servers.find((server) => server.id === id)?.state
}

const addressesOf = (replicas: readonly Replica[]) =>
  replicas.map(({ origin }) => ({ url: `${origin}/snapshot`, token: TOKEN, adminToken: ADMIN }))

async function visit(origin: string, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    const response = await fetch(`${origin}/shop/`, { headers: { connection: 'close' } })
    assert.equal(response.status, 200)
    await response.arrayBuffer()
  }
}

test('over a list of replicas: counts add up, and a drain reaches all of them, those that restart too', async (t) => {
  const shops = await startShops(t)
  const replicas = [await startReplica(t, shops), await startReplica(t, shops)] as const
  const { ask, live } = await startSidecar(t, { replicas: addressesOf(replicas) })
  await visit(replicas[0].origin, 3)
  await visit(replicas[1].origin, 6)
  await until('both are heard', async () => (await live()) === 2)
  await until('all counted', async () => {
    const { body } = await ask('upstreams/shop')
    return body.servers.reduce((sum: number, { requests = 0 }) => sum + requests, 0) === 9
  })

  const drained = await ask('upstreams/shop/servers/shop-2', 'POST', { state: 'drain', by: 'ada' })
  assert.equal(drained.status, 200)
  assert.deepEqual(
    replicas.map((replica) => stateAt(replica, 'shop-2')),
    ['drain', 'drain'],
  )
  await until('seen', async () => {
    const { body } = await ask('upstreams/shop/servers/shop-2')
    return body.states.drain === 2
  })

  const port = Number(new URL(replicas[1].origin).port)
  await replicas[1].app.close()
  const again = await startReplica(t, shops, {}, port)
  await until('told again', () => stateAt(again, 'shop-2') === 'drain')

  await ask('upstreams/shop/servers/shop-2', 'DELETE')
  assert.deepEqual([stateAt(replicas[0], 'shop-2'), stateAt(again, 'shop-2')], ['up', 'up'])
})

test('over Redis: the fleet is found by itself, and an override holds for all, those that come later too', {
  skip: redisMissing() ?? false,
}, async (t) => {
  const server = await startRedis()
  t.after(() => server.kill())
  const { url: redis } = server
  const shops = await startShops(t)
  const replicaOf = (replica: string) => startReplica(t, shops, { fleet: { redis, replica } })
  const replicas = [await replicaOf('one'), await replicaOf('two')] as const
  const { ask, live } = await startSidecar(t, { redis })
  await until('both are heard', async () => (await live()) === 2, { deadlineMs: 5_000 })

  const { status } = await ask('upstreams/shop/servers/shop-3', 'POST', {
    state: 'drain',
    weight: 9,
  })
  assert.equal(status, 200)
  await until('drained on both', () =>
    replicas.every((replica) => stateAt(replica, 'shop-3') === 'drain'),
  )
  const third = await replicaOf('three')
  await until('drained on the third', () => stateAt(third, 'shop-3') === 'drain')

  await ask('upstreams/shop/servers/shop-3', 'DELETE')
  await until('up again', () =>
    [...replicas, third].every((replica) => stateAt(replica, 'shop-3') === 'up'),
  )

  await server.kill()
  const refused = await ask('upstreams/shop/servers/shop-3', 'POST', { state: 'down' })
  assert.equal(refused.status, 503)
  await visit(replicas[0].origin, 3)
})

async function startProcess(t: TestContext, replica: Replica): Promise<Daemon> {
  const args = ['--replica', `${replica.origin}/snapshot`, '--listen', '127.0.0.1:0']
  const child = spawn(process.execPath, [BIN, ...args, '--interval', '100ms'], {
    env: { ...process.env, HOLDFAST_REPLICA_TOKEN: TOKEN },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const daemon = await superviseDaemon(child, (it) => it.output().includes('Server listening'))
  t.after(() => daemon.kill())
  return daemon
}

test('a sidecar that is frozen or killed changes nothing for the clients of the gateway (R31)', async (t) => {
  const replica = await startReplica(t, await startShops(t))
  const sidecar = await startProcess(t, replica)
  await visit(replica.origin, 20)
  sidecar.freeze()
  await visit(replica.origin, 20)
  await sidecar.kill()
  await visit(replica.origin, 20)
})
