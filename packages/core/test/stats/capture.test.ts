import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Clock } from '#core/kernel/clock.js'
import { createPool } from '#core/servers/pool.js'
import type { ServerConfig } from '#core/servers/server.js'
import { captureReplica, captureUpstream, type ServerHealth } from '#core/stats/capture.js'
import { UpstreamCounters } from '#core/stats/counters.js'
import { latencyBoundsMs } from '#core/stats/histogram.js'

const config: ServerConfig = {
  address: '10.0.0.1:80',
  id: 'one',
  tls: false,
  incarnation: 0,
  weight: 3,
  maxFails: 3,
  failTimeoutS: 30,
  slowStartS: 0,
  maxConns: 0,
  backup: false,
  down: false,
  drain: false,
  route: undefined,
}

/** A process that has run for 500.25 s. */
const clock: Clock = { now: () => 500_250, wall: () => 1_700_000_000_000 }

function capture(
  configs: ServerConfig[],
  health: ServerHealth = { kind: 'up' },
  counters = new UpstreamCounters(),
) {
  const pool = createPool(configs)
  const facts = { name: 'shop', balance: 'round-robin', sticky: 'cookie', pool, counters } as const
  const [server] = pool.servers
  return {
    server: server!,
    counters,
    snapshot: () => captureUpstream({ ...facts, healthOf: () => health }, clock),
  }
}

describe('The snapshot of an upstream', () => {
  test('has every field of version 1, and JSON carries it whole', () => {
    const { server, counters, snapshot } = capture([config])
    server.active = 2
    server.effectiveWeight = 1
    const of = counters.of(server)
    Object.assign(of, { requests: 7, attempts: 9, retries: 1, ejections: 4, tunnels: 5 })
    of.ejectionsDetected = 6
    Object.assign(of, { bytesIn: 100, bytesOut: 2_000 })
    of.answered(200, 0.5)
    of.answered(503, 3)
    of.fails.connect += 1
    of.fails.invalid += 2
    counters.affinity.kept = 3
    counters.affinity.new = 2
    counters.affinity.none = 1
    counters.affinity.countMoved('ejected')

    const expected = {
      name: 'shop',
      balance: 'round-robin',
      sticky: 'cookie',
      servers: [
        {
          id: 'one',
          address: '10.0.0.1:80',
          state: 'up',
          weight: 3,
          effectiveWeight: 1,
          backup: false,
          incarnation: 0,
          maxFails: 3,
          failTimeoutS: 30,
          override: null,
          active: 2,
          tunnels: 5,
          attempts: 9,
          retries: 1,
          ejectedUntil: null,
          requests: 7,
          responses: { '1xx': 0, '2xx': 1, '3xx': 0, '4xx': 0, '5xx': 1 },
          fails: { connect: 1, timeout: 0, reset: 0, invalid: 2, status: 0 },
          ejections: 4,
          ejectionsDetected: 6,
          sessions: null,
          latency: {
            bounds: latencyBoundsMs,
            counts: [1, 0, 1, ...new Array<number>(latencyBoundsMs.length - 2).fill(0)],
            sum: 3.5,
          },
          bytes: { in: 100, out: 2_000 },
        },
      ],
      affinity: { kept: 3, new: 2, moved: { ejected: 1 }, none: 1 },
    }
    assert.deepEqual(snapshot(), expected)
    assert.deepEqual(JSON.parse(JSON.stringify(snapshot())), expected)
  })

  test('tells what an operator has said of a server, and nothing more', () => {
    const { server, snapshot } = capture([config])
    server.overrideWith({ mode: 'drain', weight: undefined })
    assert.deepEqual(snapshot().servers[0]?.override, { mode: 'drain' })
    server.overrideWith({ weight: 9 })
    assert.deepEqual(snapshot().servers[0]?.override, { weight: 9 })
    server.overrideWith({})
    assert.equal(snapshot().servers[0]?.override, null)
  })

  test('has a sketch of the sessions where they have names, an empty one before the first', () => {
    const counters = new UpstreamCounters(900)
    const { server, snapshot } = capture([config], { kind: 'up' }, counters)
    assert.equal(snapshot().servers[0]?.sessions, '')
    counters.of(server).sessions?.see('0123456789abcdef', 500)
    assert.equal(snapshot().servers[0]?.sessions, 'ASD')
  })

  test('stays what it was when the counters go on', () => {
    const { server, counters, snapshot } = capture([config])
    const before = snapshot()
    const wire = JSON.stringify(before)
    counters.of(server).answered(200, 1)
    counters.of(server).fails.reset += 1
    counters.affinity.countMoved('limit')
    assert.equal(JSON.stringify(before), wire)
  })

  test('lists the backups after the primaries', () => {
    const { snapshot } = capture([
      { ...config, id: 'spare', address: 'b:80', backup: true },
      { ...config, id: 'main', address: 'a:80' },
    ])
    assert.deepEqual(
      snapshot().servers.map(({ id, backup }) => [id, backup]),
      [
        ['main', false],
        ['spare', true],
      ],
    )
  })

  test('tells the end of an ejection in wall time', () => {
    const [server] = capture([config], { kind: 'ejected', untilS: 530 }).snapshot().servers
    assert.equal(server?.state, 'ejected')
    assert.equal(server?.ejectedUntil, 1_700_000_000_000 + 29_750)
  })

  test('tells of a probe', () => {
    const [server] = capture([config], { kind: 'probing' }).snapshot().servers
    assert.equal(server?.state, 'probing')
    assert.equal(server?.ejectedUntil, null)
  })

  test("puts an operator's word before health, but keeps the ejection's end", () => {
    for (const mode of ['drain', 'down'] as const) {
      const { server, snapshot } = capture([config], { kind: 'ejected', untilS: 530 })
      server.overrideWith({ mode })
      const [told] = snapshot().servers
      assert.equal(told?.state, mode)
      assert.equal(told?.ejectedUntil, 1_700_000_000_000 + 29_750)
    }
  })
})

test('the snapshot of a replica says its version and when it was taken', () => {
  const { snapshot } = capture([config])
  const facts = {
    replica: 'gw-1',
    package: '0.1.0',
    configHash: 'abc',
    keyIds: [7],
    startedAt: 1_699_999_000_000,
    store: 'none',
  } as const
  const upstreams = [snapshot()]
  assert.deepEqual(captureReplica(facts, upstreams, clock), {
    version: 1,
    ...facts,
    at: 1_700_000_000_000,
    upstreams,
  })
})
