import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serve } from './fixtures/app.js'
import { anUpstream, aReplica, aServer } from './fixtures/snapshots.js'

test('what reads the status of nginx-module-vts reads this', async (t) => {
  const servers = [
    aServer(),
    aServer({ id: 'b', address: '[::1]:80', state: 'ejected', backup: true }),
  ]
  const app = await serve(t, () => aReplica({ upstreams: [anUpstream({ servers })] }))
  const status = (await app.inject('/status/format/json')).json()
  for (const name of ['hostName', 'moduleVersion', 'nginxVersion', 'loadMsec', 'nowMsec']) {
    assert.ok(name in status, name)
  }
  const [first, second] = status.upstreamZones.shop
  const { requestBuckets, responseBuckets, overCounts, requestMsecs, responseMsecs, ...rest } =
    first
  assert.deepEqual(rest, {
    server: '10.0.0.11:8080',
    requestCounter: 12,
    inBytes: 100,
    outBytes: 2000,
    responses: { '1xx': 0, '2xx': 9, '3xx': 1, '4xx': 1, '5xx': 0 },
    requestMsecCounter: 90_208,
    requestMsec: 8_201,
    responseMsecCounter: 90_208,
    responseMsec: 8_201,
    weight: 3,
    maxFails: 3,
    failTimeout: 30,
    backup: false,
    down: false,
  })
  assert.deepEqual(requestMsecs, { times: [], msecs: [] })
  assert.deepEqual(responseMsecs, { times: [], msecs: [] })
  assert.equal(requestBuckets.msecs.length, requestBuckets.counters.length)
  assert.equal(responseBuckets.counters.at(-1), 10)
  assert.equal(overCounts.requestCounter, 0)
  assert.deepEqual([second.server, second.backup, second.down], ['[::1]:80', true, true])
})
