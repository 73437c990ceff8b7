import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createPool } from '#core/servers/pool.js'
import type { ServerConfig } from '#core/servers/server.js'
import { AffinityCounters, ServerCounters, UpstreamCounters } from '#core/stats/counters.js'

const config: ServerConfig = {
  address: 'a:80',
  id: 'a:80',
  tls: false,
  incarnation: 0,
  weight: 1,
  maxFails: 3,
  failTimeoutS: 30,
  slowStartS: 0,
  maxConns: 0,
  backup: false,
  down: false,
  drain: false,
  route: undefined,
}

describe('The counters of a server', () => {
  test('count an answer once, by the first digit of its status, and time it', () => {
    const counters = new ServerCounters()
    for (const status of [101, 199, 200, 204, 299, 300, 399, 400, 499, 500, 599]) {
      counters.answered(status, 4)
    }
    assert.deepEqual(counters.responses, { '1xx': 2, '2xx': 3, '3xx': 2, '4xx': 2, '5xx': 2 })
    assert.equal(counters.latency.snapshot().sum, 44)
  })

  test('take a status beyond 599 as a server error', () => {
    const counters = new ServerCounters()
    counters.answered(999, 1)
    assert.equal(counters.responses['5xx'], 1)
  })
})

describe('The counters of affinity', () => {
  test('count moves by their reason', () => {
    const affinity = new AffinityCounters()
    for (const reason of ['ejected', 'removed', 'ejected']) affinity.countMoved(reason)
    assert.deepEqual(
      [...affinity.moved],
      [
        ['ejected', 2],
        ['removed', 1],
      ],
    )
  })
})

describe('The counters of an upstream', () => {
  test('are one set a server', () => {
    const upstream = new UpstreamCounters()
    const { servers } = createPool([config, { ...config, address: 'b:80' }])
    const [a, b] = servers
    upstream.of(a!).requests += 1
    assert.equal(upstream.of(a!).requests, 1)
    assert.equal(upstream.of(b!).requests, 0)
  })

  test('go on counting for a server that a new list keeps', () => {
    const upstream = new UpstreamCounters()
    const first = createPool([config])
    upstream.of(first.servers[0]!).requests += 1
    const second = createPool([{ ...config, weight: 5 }], first)
    assert.equal(upstream.of(second.servers[0]!).requests, 1)
  })

  test('start anew for another incarnation of an address', () => {
    const upstream = new UpstreamCounters()
    const first = createPool([config])
    upstream.of(first.servers[0]!).requests += 1
    const second = createPool([{ ...config, incarnation: 2 }], first)
    assert.equal(upstream.of(second.servers[0]!).requests, 0)
  })
})
