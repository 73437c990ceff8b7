import assert from 'node:assert/strict'
import { test } from 'node:test'
import { moveReasons } from '#stats/snapshots/vocabulary.js'
import { serve } from './fixtures/app.js'
import { anUpstream, aReplica, aServer, latencyOf } from './fixtures/snapshots.js'

const NO_MOVES = Object.fromEntries(moveReasons.map((reason) => [reason, 0]))

test('an upstream has the shape of its snapshot, with quantiles and a number of sessions', async (t) => {
  const app = await serve(t, () => aReplica())
  const response = await app.inject('/api/v1/upstreams')
  assert.equal(response.headers['cache-control'], 'no-store')
  const [shop] = response.json().upstreams
  const [server] = shop.servers
  const { sessions: _, ...expected } = aServer()
  for (const [name, value] of Object.entries(expected)) assert.deepEqual(server[name], value, name)
  assert.equal(server.sessions, null)
  // Ranks 5.5, 9.9 and 10.89 of 11: within 5 to 10, within 30 to 50, beyond the last bound.
  assert.deepEqual(server.latencyMs, { p50: 9.6, p90: 49.5, p99: 60_000 })
  assert.deepEqual(shop.latencyMs, server.latencyMs)
  assert.deepEqual(shop.affinity, {
    kept: 8,
    new: 2,
    moved: { ...NO_MOVES, failed: 1 },
    none: 0,
  })
})

test('one upstream is had by its name, whatever characters it has', async (t) => {
  const app = await serve(t, () => aReplica({ upstreams: [anUpstream({ name: 'a.b-c_1' })] }))
  const response = await app.inject('/api/v1/upstreams/a.b-c_1')
  assert.equal(response.statusCode, 200)
  assert.equal(response.json().name, 'a.b-c_1')
})

test('an upstream that does not exist is a 404 in JSON', async (t) => {
  const app = await serve(t, () => aReplica())
  const response = await app.inject('/api/v1/upstreams/__proto__')
  assert.equal(response.statusCode, 404)
  assert.equal(response.headers['cache-control'], 'no-store')
  assert.deepEqual(response.json(), {
    statusCode: 404,
    code: 'HOLDFAST_UNKNOWN_UPSTREAM',
    error: 'Not Found',
    message: 'There is no upstream "__proto__"',
  })
})

test('a server that has answered nothing has no latency, rather than one of 0', async (t) => {
  const idle = aServer({ latency: latencyOf() })
  const app = await serve(t, () => aReplica({ upstreams: [anUpstream({ servers: [idle] })] }))
  const { servers } = (await app.inject('/api/v1/upstreams/shop')).json()
  assert.deepEqual(servers[0].latencyMs, { p50: null, p90: null, p99: null })
})

test('the fleet of a gateway by itself is that one replica', async (t) => {
  const app = await serve(t, () => aReplica({ at: Date.now() }))
  const fleet = (await app.inject('/api/v1/fleet')).json()
  const [replica] = fleet.replicas
  assert.equal(fleet.replicas.length, 1)
  assert.deepEqual([replica.replica, replica.presence], ['gateway-1', 'live'])
  assert.deepEqual(fleet.alarms, [])
  assert.equal(fleet.headline.level, 'good')
})

test('replicas that differ in what must be alike raise an alarm for it', async (t) => {
  const app = await serve(t, () => [
    aReplica({ at: Date.now() }),
    aReplica({ at: Date.now(), replica: 'gateway-2', package: '0.2.0', keyIds: [8, 7] }),
  ])
  const { alarms } = (await app.inject('/api/v1/fleet')).json()
  assert.deepEqual(
    alarms.map(({ kind }: { kind: string }) => kind),
    ['package', 'keyIds'],
  )
  assert.deepEqual(alarms[0].values, [
    { value: '0.1.0', replicas: ['gateway-1'] },
    { value: '0.2.0', replicas: ['gateway-2'] },
  ])
})

test('over two replicas counts add up, and quantiles come from the sum', async (t) => {
  const slow = aServer({
    requests: 100,
    responses: { '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 100 },
    latency: latencyOf(...new Array<number>(100).fill(90)),
  })
  const app = await serve(t, () => [
    aReplica(),
    aReplica({
      replica: 'gateway-2',
      upstreams: [
        anUpstream({
          servers: [slow],
          affinity: { kept: 1, new: 1, moved: { failed: 2, down: 5 }, none: 3 },
        }),
      ],
    }),
  ])
  const shop = (await app.inject('/api/v1/upstreams/shop')).json()
  assert.equal(shop.servers.length, 1)
  const [server] = shop.servers
  assert.equal(server.requests, 111)
  assert.deepEqual(server.responses, { '1xx': 0, '2xx': 9, '3xx': 1, '4xx': 1, '5xx': 100 })
  assert.equal(server.latency.sum, 208 + 90_000 + 9_000)
  // Rank 55.5 of 111 is between 75 and 100, where neither replica's mean of medians would be.
  assert.equal(server.latencyMs.p50, 86.4)
  assert.deepEqual(shop.affinity, {
    kept: 9,
    new: 3,
    moved: { ...NO_MOVES, failed: 3, down: 5 },
    none: 3,
  })
})

test('where replicas see a server differently, the gravest of it is told, and how many say what', async (t) => {
  const replica = (name: string, state: 'up' | 'ejected', ejectedUntil: number | null) =>
    aReplica({
      replica: name,
      upstreams: [anUpstream({ servers: [aServer({ state, ejectedUntil })] })],
    })
  const app = await serve(t, () => [
    replica('a', 'up', null),
    replica('b', 'ejected', 1_700_000_090_000),
    replica('c', 'up', null),
  ])
  const [server] = (await app.inject('/api/v1/upstreams/shop')).json().servers
  assert.equal(server.state, 'ejected')
  assert.deepEqual(server.states, { up: 2, ejected: 1 })
  assert.equal(server.ejectedUntil, 1_700_000_090_000)
})

test('the share by weight is that among servers that take new sessions', async (t) => {
  const servers = [
    aServer({ id: 'a', weight: 3 }),
    aServer({ id: 'b', weight: 1 }),
    aServer({ id: 'c', weight: 4, state: 'drain' }),
    aServer({ id: 'd', weight: 4, backup: true }),
  ]
  const app = await serve(t, () => aReplica({ upstreams: [anUpstream({ servers })] }))
  const view = (await app.inject('/api/v1/upstreams/shop')).json()
  assert.deepEqual(
    view.servers.map(({ shareByWeight }: { shareByWeight: number }) => shareByWeight),
    [0.75, 0.25, 0, 0],
  )
})

test('where no primary is left, the backups have the share', async (t) => {
  const servers = [aServer({ id: 'a', state: 'down' }), aServer({ id: 'b', backup: true })]
  const app = await serve(t, () => aReplica({ upstreams: [anUpstream({ servers })] }))
  const view = (await app.inject('/api/v1/upstreams/shop')).json()
  assert.equal(view.servers[1].shareByWeight, 1)
})

test('one server is had by its id, however that is spelt', async (t) => {
  const id = '/run/a b?#"é'
  const app = await serve(t, () =>
    aReplica({ upstreams: [anUpstream({ servers: [aServer({ id })] })] }),
  )
  const response = await app.inject(`/api/v1/upstreams/shop/servers/${encodeURIComponent(id)}`)
  assert.equal(response.json().id, id)
  assert.equal((await app.inject('/api/v1/upstreams/shop/servers/no')).statusCode, 404)
})
