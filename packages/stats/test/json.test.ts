import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serve } from './fixtures/app.js'
import { anUpstream, aReplica, aServer } from './fixtures/snapshots.js'

test('an upstream has the shape of its snapshot, with quantiles and no sketch', async (t) => {
  const app = await serve(t, () => aReplica())
  const response = await app.inject('/api/v1/upstreams')
  assert.equal(response.headers['cache-control'], 'no-store')
  // Ranks 5.5, 9.9 and 10.89 of 11: within the first bucket, within the second, beyond the last.
  const latencyMs = { p50: 9.2, p90: 97.8, p99: 100 }
  assert.deepEqual(response.json(), {
    upstreams: [{ ...anUpstream(), servers: [{ ...aServer(), latencyMs }], latencyMs }],
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
  const idle = aServer({ latency: { bounds: [10, 100], counts: [0, 0, 0], sum: 0 } })
  const app = await serve(t, () => aReplica({ upstreams: [anUpstream({ servers: [idle] })] }))
  const { servers } = (await app.inject('/api/v1/upstreams/shop')).json()
  assert.deepEqual(servers[0].latencyMs, { p50: null, p90: null, p99: null })
})

test('the fleet of a gateway by itself is that one replica', async (t) => {
  const app = await serve(t, () => aReplica())
  const { upstreams: _, ...replica } = aReplica()
  assert.deepEqual((await app.inject('/api/v1/fleet')).json(), { replicas: [replica], alarms: [] })
})

test('replicas that differ in what must be alike raise an alarm for it', async (t) => {
  const app = await serve(t, () => [
    aReplica(),
    aReplica({ replica: 'gateway-2', package: '0.2.0', keyIds: [8, 7] }),
  ])
  assert.deepEqual((await app.inject('/api/v1/fleet')).json().alarms, ['package', 'keyIds'])
})

test('over two replicas counts add up, and quantiles come from the sum', async (t) => {
  const slow = aServer({
    requests: 100,
    responses: { '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 100 },
    latency: { bounds: [10, 100], counts: [0, 100, 0], sum: 9000 },
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
  assert.deepEqual(server.latency, { bounds: [10, 100], counts: [6, 104, 1], sum: 9250 })
  // Rank 55.5 of 111 lies in the second bucket, where neither replica's mean of medians would be.
  assert.equal(server.latencyMs.p50, 52.8)
  assert.deepEqual(shop.affinity, { kept: 9, new: 3, moved: { failed: 3, down: 5 }, none: 3 })
})

test('where replicas see a server differently, the gravest of it is told', async (t) => {
  const replica = (state: 'up' | 'ejected', effectiveWeight: number, ejectedUntil: number | null) =>
    aReplica({
      upstreams: [anUpstream({ servers: [aServer({ state, effectiveWeight, ejectedUntil })] })],
    })
  const app = await serve(t, () => [
    replica('up', 3, null),
    replica('ejected', 1, 1_700_000_090_000),
  ])
  const [server] = (await app.inject('/api/v1/upstreams/shop')).json().servers
  assert.equal(server.state, 'ejected')
  assert.equal(server.effectiveWeight, 1)
  assert.equal(server.ejectedUntil, 1_700_000_090_000)
})

test('every request asks the source anew', async (t) => {
  let requests = 0
  const app = await serve(t, () => {
    requests += 1
    return aReplica({ upstreams: [anUpstream({ servers: [aServer({ requests })] })] })
  })
  for (const expected of [1, 2]) {
    const [server] = (await app.inject('/api/v1/upstreams/shop')).json().servers
    assert.equal(server.requests, expected)
  }
})
