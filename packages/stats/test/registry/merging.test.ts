import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createSeededRandom, latencyBoundsMs, type ReplicaSnapshot } from '@holdfast/core'
import fc from 'fast-check'
import type { Registry } from '#stats/registry/registry.js'
import { growth, movedOf, requestsOf } from '#stats/registry/rows.js'
import { PromptRegistry, viewUpstreams } from '../fixtures/at-once.js'
import { FakeReplica } from '../fixtures/fleet.js'

const LIMITS = { intervalMs: 1_000, silentAfterMs: 10_000, expireAfterMs: 60_000 }
const START_MS = 1_700_000_000_000

type Step =
  | { readonly do: 'serve'; readonly replica: number; readonly server: number; readonly ms: number }
  | { readonly do: 'move' | 'tell' | 'restart'; readonly replica: number }
  | { readonly do: 'repeat'; readonly which: number }
  | { readonly do: 'wait'; readonly seconds: number }

const NAMES = ['a', 'b', 'c']
const SERVERS = ['one', 'two']

const replica = fc.nat({ max: NAMES.length - 1 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('serve' as const),
      replica,
      server: fc.nat({ max: 1 }),
      ms: fc.integer({ min: 0, max: 70_000 }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('tell' as const), replica }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('move' as const, 'restart' as const), replica }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('repeat' as const), which: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      seconds: fc.constantFrom(1, 5, 20, 100),
    }),
  },
)

/** Runs the steps against a registry, and keeps the truth beside it. */
function run(steps: readonly Step[]) {
  const registry = new PromptRegistry(LIMITS)
  let nowMs = START_MS
  const start = (name: string): FakeReplica => new FakeReplica(name, nowMs, SERVERS)
  const replicas = NAMES.map(start)
  const told: ReplicaSnapshot[] = []
  const last = new Map<string, ReplicaSnapshot>()
  const seen: number[] = []

  for (const each of steps) {
    // No two things happen in one millisecond.
    nowMs += 1
    if (each.do === 'wait') nowMs += each.seconds * 1_000
    else if (each.do === 'repeat') {
      const again = told[each.which % Math.max(1, told.length)]
      if (again !== undefined) registry.observe(structuredClone(again), nowMs)
    } else {
      const name = NAMES[each.replica] ?? ''
      const one = replicas[each.replica]
      assert.ok(one)
      if (each.do === 'serve') one.serve(SERVERS[each.server] ?? '', each.ms)
      else if (each.do === 'move') one.move()
      else if (each.do === 'restart') replicas[each.replica] = start(name)
      else {
        const snapshot = one.snapshot(nowMs)
        told.push(snapshot)
        last.set(`${name} ${one.startedAt}`, snapshot)
        registry.observe(snapshot, nowMs)
      }
    }
    registry.pass(nowMs)
    seen.push(totalOf(registry))
  }
  return { registry, nowMs, truth: [...last.values()], seen }
}

function totalOf(registry: Registry): number {
  let total = 0
  for (const { track, affinity } of registry.upstreams.values()) {
    total += requestsOf(track.total) + movedOf(affinity.total)
  }
  return total
}

describe('Merged counters', () => {
  test('are the truth after any restarts, silences and repetitions, and never go back', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { registry, truth, seen } = run(steps)
        const shop = registry.upstreams.get('shop')
        for (const id of SERVERS) {
          const expected = truth
            .flatMap(({ upstreams }) => upstreams[0]?.servers ?? [])
            .filter((server) => server.id === id)
          const total = shop?.servers.get(id)?.track.total
          const requests = expected.reduce((sum, server) => sum + server.requests, 0)
          assert.equal(total === undefined ? 0 : requestsOf(total), requests)
        }
        const moved = truth.reduce(
          (sum, { upstreams }) => sum + (upstreams[0]?.affinity.moved.failed ?? 0),
          0,
        )
        assert.equal(shop === undefined ? 0 : movedOf(shop.affinity.total), moved)
        assert.deepEqual(
          seen,
          [...seen].sort((a, b) => a - b),
        )
      }),
      { numRuns: 1_000 },
    )
  })

  test('never give a negative rate, nor one for what was counted while nobody looked', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { registry, nowMs, truth } = run(steps)
        const served = truth
          .flatMap(({ upstreams }) => upstreams[0]?.servers ?? [])
          .reduce((sum, server) => sum + server.requests, 0)
        for (const { recent } of viewUpstreams(registry, nowMs)) {
          const { requestsPerSecond } = recent
          assert.ok(requestsPerSecond === null || requestsPerSecond >= 0)
          assert.ok((requestsPerSecond ?? 0) <= served)
        }
      }),
    )
    const registry = new PromptRegistry(LIMITS)
    const busy = new FakeReplica('a', START_MS, ['one'])
    for (let i = 0; i < 1_000; i += 1) busy.serve('one', 1)
    registry.observe(busy.snapshot(START_MS), START_MS)
    registry.pass(START_MS)
    registry.pass(START_MS + 6_000)
    const [shop] = viewUpstreams(registry, START_MS + 6_000)
    assert.equal(shop?.recent.requestsPerSecond, 0)
    assert.equal(shop?.servers[0]?.requests, 1_000)
  })

  test('of a replica that joins late, or was away, are no burst', () => {
    const registry = new PromptRegistry(LIMITS)
    const [idle, busy] = ['idle', 'busy'].map((name) => new FakeReplica(name, START_MS, ['one']))
    assert.ok(idle && busy)
    for (let i = 0; i < 1_000; i += 1) busy.serve('one', 1)
    for (let second = 0; second <= 60; second += 1) {
      const nowMs = START_MS + second * 1_000
      registry.observe(idle.snapshot(nowMs), nowMs)
      // It comes late, and it is away for a while; it serves ten a second all the time.
      for (let i = 0; i < 10; i += 1) busy.serve('one', 1)
      const isHeard = second >= 20 && (second < 30 || second >= 40)
      if (isHeard) registry.observe(busy.snapshot(nowMs), nowMs)
      registry.pass(nowMs)
      const [shop] = viewUpstreams(registry, nowMs)
      assert.ok((shop?.recent.requestsPerSecond ?? 0) <= 11, `at ${second} s`)
    }
    assert.equal(totalOf(registry), 1_610)
  })

  test('take a snapshot of an old life that comes late, and not twice', () => {
    const registry = new PromptRegistry(LIMITS)
    const first = new FakeReplica('a', START_MS, ['one'])
    first.serve('one', 1)
    registry.observe(first.snapshot(START_MS + 1), START_MS)
    const second = new FakeReplica('a', START_MS + 10, ['one'])
    second.serve('one', 1)
    registry.observe(second.snapshot(START_MS + 11), START_MS)
    first.serve('one', 1)
    const late = first.snapshot(START_MS + 5)
    assert.equal(registry.observe(late, START_MS), true)
    assert.equal(registry.observe(late, START_MS), false)
    assert.equal(totalOf(registry), 3)
  })

  test('go on when the clock of a replica is set back', () => {
    const registry = new PromptRegistry(LIMITS)
    const one = new FakeReplica('a', START_MS, ['one'])
    one.serve('one', 1)
    registry.observe(one.snapshot(START_MS + 600_000), START_MS)
    one.serve('one', 1)
    assert.equal(registry.observe(one.snapshot(START_MS), START_MS + 1), true)
    assert.equal(totalOf(registry), 2)
  })

  test('begin anew for a server that left a replica and came back', () => {
    const registry = new PromptRegistry(LIMITS)
    const one = new FakeReplica('a', START_MS, ['one', 'two'])
    for (let i = 0; i < 5; i += 1) one.serve('two', 1)
    const tell = (at: number, servers?: readonly string[]): void => {
      const snapshot = one.snapshot(at)
      const upstreams = snapshot.upstreams.map((upstream) => ({
        ...upstream,
        servers: upstream.servers.filter(({ id }) => servers?.includes(id) ?? true),
      }))
      registry.observe({ ...snapshot, upstreams }, at)
    }
    tell(START_MS + 1)
    tell(START_MS + 2, ['one'])
    tell(START_MS + 3)
    const two = registry.upstreams.get('shop')?.servers.get('two')
    assert.equal(two === undefined ? 0 : requestsOf(two.track.total), 10)
  })
})

describe('A counter that goes back', () => {
  const row = (...values: number[]) => Float64Array.of(...values)

  test('is a new beginning of all where it counts everything, and else of nothing', () => {
    assert.deepEqual(growth(row(9, 9, 5), row(2, 1, 4)), row(2, 1, 4))
    assert.deepEqual(growth(row(9, 9, 5), row(10, 12, 4)), row(1, 3, 0))
    assert.deepEqual(growth(undefined, row(9, 9, 5)), row(9, 9, 5))
  })
})

describe('Quantiles and sessions after merging', () => {
  test('a quantile lies in the bucket of the exact one, or the next', () => {
    const times = fc.array(fc.integer({ min: 0, max: 60_000 }), { minLength: 1, maxLength: 200 })
    fc.assert(
      fc.property(fc.array(times, { minLength: 1, maxLength: 5 }), (perReplica) => {
        const registry = new PromptRegistry(LIMITS)
        for (const [i, latencies] of perReplica.entries()) {
          const one = new FakeReplica(`r${i}`, START_MS, ['one'])
          for (const ms of latencies) one.serve('one', ms)
          registry.observe(one.snapshot(START_MS), START_MS)
        }
        const [shop] = viewUpstreams(registry, START_MS)
        const sorted = perReplica.flat().sort((a, b) => a - b)
        for (const [q, told] of [
          [0.5, shop?.latencyMs.p50],
          [0.9, shop?.latencyMs.p90],
          [0.99, shop?.latencyMs.p99],
        ] as const) {
          const exact = sorted[Math.ceil(q * sorted.length) - 1] ?? 0
          assert.ok(Math.abs(bucketOf(told ?? -1) - bucketOf(exact)) <= 1, `${told} for ${exact}`)
        }
      }),
    )
  })

  test('a session that several replicas saw is one, and the number is within 5 %', () => {
    const registry = new PromptRegistry(LIMITS)
    const random = createSeededRandom(7)
    const ids = Array.from({ length: 20_000 }, () => {
      const bytes = Buffer.alloc(8)
      random.fill(bytes)
      return bytes.toString('hex')
    })
    for (const [i, name] of ['a', 'b', 'c', 'd'].entries()) {
      const one = new FakeReplica(name, START_MS, ['one'])
      // Each sees half of them, so that every session is seen twice.
      for (const [at, id] of ids.entries()) if ((at + i) % 4 < 2) one.serve('one', 1, id)
      registry.observe(one.snapshot(START_MS), START_MS)
    }
    registry.pass(START_MS)
    const sessions = viewUpstreams(registry, START_MS)[0]?.servers[0]?.sessions ?? 0
    assert.ok(Math.abs(sessions - 20_000) <= 1_000, `it says ${sessions}`)
  })

  test('every server has its turn to be counted, however many there are', () => {
    const registry = new PromptRegistry(LIMITS)
    const names = Array.from({ length: 4_500 }, (_, i) => `server-${i}`)
    const one = new FakeReplica('a', START_MS, names)
    for (let second = 0; second < 2; second += 1) {
      for (const name of names) one.serve(name, 1, `${second}123456789abcdef`)
      registry.observe(one.snapshot(START_MS + second), START_MS + second)
      registry.pass(START_MS + second)
    }
    const servers = viewUpstreams(registry, START_MS)[0]?.servers ?? []
    assert.equal(servers.length, 4_500)
    assert.ok(servers.every(({ sessions }) => sessions !== null))
  })
})

function bucketOf(ms: number): number {
  const bucket = latencyBoundsMs.findIndex((bound) => ms <= bound)
  return bucket < 0 ? latencyBoundsMs.length : bucket
}
