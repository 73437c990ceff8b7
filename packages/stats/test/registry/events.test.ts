import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ReplicaSnapshot, ServerSnapshot } from '@holdfast/core'
import { viewFleet } from '#stats/view/fleet.js'
import { PromptRegistry, viewUpstreams } from '../fixtures/at-once.js'
import { anUpstream, aReplica, aServer } from '../fixtures/snapshots.js'

const START_MS = 1_700_000_000_000
const LIMITS = { intervalMs: 1_000, silentAfterMs: 10_000, expireAfterMs: 60_000 }

/** A registry, a clock, and replicas that say what they are told to. */
function fleet() {
  const registry = new PromptRegistry(LIMITS)
  let nowMs = START_MS
  const view = () => viewFleet(registry, viewUpstreams(registry, nowMs), new Map(), nowMs)
  return {
    registry,
    view,
    alarms: () => view().alarms.map(({ kind, level }) => `${kind} ${level}`),
    events: () => registry.timeline.events,
    types: () => registry.timeline.events.map(({ type }) => type),
    wait(ms: number) {
      nowMs += ms
      registry.pass(nowMs)
    },
    hear(given: Partial<ReplicaSnapshot>, ...servers: ReadonlyArray<Partial<ServerSnapshot>>) {
      nowMs += 1
      const upstreams = [anUpstream({ servers: servers.map((server) => aServer(server)) })]
      registry.observe(aReplica({ at: nowMs, startedAt: START_MS, upstreams, ...given }), nowMs)
      registry.pass(nowMs)
    },
  }
}

describe('The timeline', () => {
  test('has an ejection once, with all replicas that saw it and what failed', () => {
    const { hear, events } = fleet()
    const calm = {
      ejections: 0,
      fails: { connect: 0, timeout: 0, reset: 0, invalid: 0, status: 0 },
    }
    const out = {
      state: 'ejected',
      ejections: 1,
      fails: { ...calm.fails, connect: 3 },
    } as const
    for (const replica of ['a', 'b']) hear({ replica }, calm)
    for (const replica of ['a', 'b']) hear({ replica }, out)
    const [ejected, ...others] = events().filter(({ type }) => type === 'ejected')
    assert.deepEqual(others, [])
    assert.deepEqual(ejected?.replicas, ['a', 'b'])
    assert.equal(ejected?.detail, '3 × no connection')
  })

  test('has an ejection that began and ended between two looks', () => {
    const { hear, types } = fleet()
    hear({}, { ejections: 1 })
    hear({}, { ejections: 2 })
    assert.deepEqual(types(), ['replica-started', 'ejected', 'returned'])
  })

  test('has the way of a server from its ejection to its return', () => {
    const { hear, types } = fleet()
    hear({}, {})
    hear({}, { state: 'ejected', ejections: 2 })
    hear({}, { state: 'probing', ejections: 2 })
    hear({}, { ejections: 2 })
    assert.deepEqual(types().slice(1), ['ejected', 'probing', 'returned'])
  })

  test('has a server that is dead all night as one ejection, however often it is probed', () => {
    const { hear, events, view, wait } = fleet()
    const fails = (connect: number) => ({ connect, timeout: 0, reset: 0, invalid: 0, status: 0 })
    hear({}, { ejections: 0, fails: fails(0) })
    hear({}, { state: 'ejected', ejections: 1, fails: fails(1) })
    for (let probes = 1; probes <= 1_000; probes += 1) {
      wait(4_000)
      hear({}, { state: 'probing', ejections: probes, fails: fails(probes) })
      hear({}, { state: 'ejected', ejections: probes + 1, fails: fails(probes + 1) })
    }
    const [, ejected, probed, ...others] = events()
    assert.deepEqual([ejected?.type, ejected?.detail], ['ejected', '1 × no connection'])
    assert.deepEqual([probed?.type, probed?.detail], ['probing', '1 × no connection'])
    assert.deepEqual(others, [])
    assert.match(view().headline.text, /^shop-1 ejected for 67 min: 1 × no connection/)
    hear({}, { ejections: 1_001, fails: fails(1_001) })
    hear({}, { state: 'ejected', ejections: 1_002, fails: fails(1_002) })
    assert.deepEqual(
      events()
        .slice(3)
        .map(({ type }) => type),
      ['returned', 'ejected'],
    )
  })

  test('has what operators do, and who comes and goes', () => {
    const { hear, events } = fleet()
    hear({}, { id: 'a' }, { id: 'b' })
    hear({}, { id: 'a', state: 'drain', weight: 5 }, { id: 'c' })
    hear({}, { id: 'a', weight: 5 }, { id: 'c', state: 'down' })
    assert.deepEqual(
      events()
        .map(({ type, server, detail }) => [type, server, detail])
        .slice(1),
      [
        ['drain', 'a', ''],
        ['weight', 'a', '3 → 5'],
        ['joined', 'c', ''],
        ['left', 'b', ''],
        ['up', 'a', ''],
        ['down', 'c', ''],
      ],
    )
  })

  test('has replicas that start, fall silent, come back and go', () => {
    const { hear, wait, types } = fleet()
    hear({}, {})
    wait(11_000)
    hear({}, {})
    wait(11_000)
    wait(60_000)
    assert.deepEqual(types(), [
      'replica-started',
      'replica-silent',
      'replica-back',
      'replica-silent',
      'replica-gone',
    ])
  })

  test('has what befalls many replicas at once as one event', () => {
    const { hear, wait, events } = fleet()
    const all = Array.from({ length: 50 }, (_, i) => `gateway-${i}`)
    for (const store of ['up', 'down'] as const) for (const replica of all) hear({ replica, store })
    wait(11_000)
    assert.deepEqual(
      events().map(({ type, replicas }) => [type, replicas.length]),
      [
        ['replica-started', 50],
        ['store-down', 50],
        ['replica-silent', 50],
      ],
    )
  })

  test('has a deploy as that, and no silence of the process that it ended', () => {
    const { hear, wait, types } = fleet()
    hear({}, {})
    hear({ startedAt: START_MS + 5_000, package: '0.2.0' }, {})
    wait(1_000)
    for (let i = 0; i < 80; i += 1) {
      hear({ startedAt: START_MS + 5_000, package: '0.2.0' }, {})
      wait(1_000)
    }
    assert.deepEqual(types(), ['replica-started', 'replica-started', 'package-changed'])
  })

  test('has sessions that move in bulk, with their reasons', () => {
    const { hear, wait, events } = fleet()
    const moved = (n: number) => [
      anUpstream({ affinity: { kept: 0, new: 0, none: 0, moved: { ejected: n, failed: 1 } } }),
    ]
    hear({ upstreams: moved(0) })
    wait(4_000)
    hear({ upstreams: moved(41) })
    wait(4_000)
    assert.deepEqual(events().at(-1)?.detail, '41 ejected')
    assert.equal(events().at(-1)?.type, 'moved')
    hear({ upstreams: moved(60) })
    wait(4_000)
    const { type, detail } = events().at(-1) ?? {}
    assert.deepEqual([type, detail], ['moved', '60 ejected'], 'a burst is one event')
    assert.equal(events().filter((each) => each.type === 'moved').length, 1)
    for (let i = 0; i < 20; i += 1) {
      hear({ upstreams: moved(60) })
      wait(4_000)
    }
    hear({ upstreams: moved(80) })
    wait(4_000)
    assert.equal(events().at(-1)?.detail, '20 ejected')
  })

  test('is bounded', () => {
    const { hear, events } = fleet()
    for (let i = 0; i < 1_200; i += 1)
      hear({}, { state: i % 2 === 0 ? 'up' : 'down', ejections: 0 })
    assert.ok(events().length <= 500)
  })
})

describe('Alarms', () => {
  const alike = { package: '1', configHash: 'c', keyIds: [1, 2] }

  test('are none where replicas are alike', () => {
    const { hear, alarms } = fleet()
    for (const replica of ['a', 'b']) hear({ replica, ...alike }, {})
    assert.deepEqual(alarms(), [])
  })

  for (const [what, other, expected] of [
    ['versions', { package: '2' }, 'package warning'],
    ['configurations', { configHash: 'd' }, 'configHash warning'],
    ['keys that all can open', { keyIds: [2, 1] }, 'keyIds warning'],
    ['keys that some refuse', { keyIds: [3, 1] }, 'keyIds serious'],
    ['a store that is down', { store: 'down' }, 'store warning'],
    ['a clock that is off', { at: START_MS + 600_000 }, 'clock serious'],
  ] as const) {
    test(`tell of ${what}`, () => {
      const { hear, alarms } = fleet()
      hear({ replica: 'a', ...alike }, {})
      hear({ replica: 'b', ...alike, ...other }, {})
      assert.deepEqual(alarms(), [expected])
    })
  }

  test('tell of a silent replica, and of two under one name', () => {
    const { hear, wait, alarms } = fleet()
    hear({ replica: 'a', ...alike }, {})
    hear({ replica: 'b', ...alike }, {})
    hear({ replica: 'b', ...alike, startedAt: START_MS + 1 }, {})
    hear({ replica: 'b', ...alike }, {})
    assert.deepEqual(alarms(), ['namesakes warning'])
    wait(11_000)
    hear({ replica: 'a', ...alike }, {})
    assert.deepEqual(alarms(), ['silent warning'])
  })
})

test('what a process said that another has replaced does not stand beside what that one says', () => {
  const { hear, wait, view, registry } = fleet()
  const shown = () => viewUpstreams(registry, view().at).flatMap(({ servers }) => servers)
  hear({}, { id: 'kept' }, { id: 'removed' })
  hear({ startedAt: START_MS + 1 }, { id: 'kept' })
  assert.deepEqual(
    shown().map(({ id }) => id),
    ['kept'],
  )
  wait(11_000)
  assert.equal(view().stale, true)
  assert.deepEqual(shown()[0]?.states, { up: 1 })
})

describe('The headline', () => {
  const text = ({ view }: ReturnType<typeof fleet>): string => view().headline.text

  test('says that all is well, with the numbers that say so', () => {
    const it = fleet()
    it.hear({ replica: 'a' }, { id: 'x' }, { id: 'y' })
    it.hear({ replica: 'b' }, { id: 'x' }, { id: 'y' })
    assert.equal(
      text(it),
      'All 2 servers up. 2 replicas agree. 0 sessions moved in the last 15 minutes.',
    )
    assert.equal(it.view().headline.level, 'good')
  })

  test('counts what operators took out as that, not as trouble', () => {
    const it = fleet()
    it.hear({}, { id: 'x' }, { id: 'y', state: 'drain' }, { id: 'z', state: 'down' })
    assert.match(text(it), /^1 server up, 1 draining, 1 down\. 1 replica\./)
  })

  test('says first what is wrong, for how long, where and why', () => {
    const it = fleet()
    const fails = { connect: 0, timeout: 0, reset: 0, invalid: 0, status: 0 }
    for (const replica of ['a', 'b']) it.hear({ replica }, { ejections: 0, fails })
    const out = { state: 'ejected', ejections: 1, fails: { ...fails, timeout: 3 } } as const
    for (const replica of ['a', 'b']) it.hear({ replica }, out)
    it.wait(9_000)
    for (const replica of ['a', 'b']) it.hear({ replica }, out)
    assert.equal(text(it), 'shop-1 ejected for 9 s on all replicas: 3 × timed out.')
    assert.equal(it.view().headline.level, 'serious')
  })

  test('begins with what is out on most replicas, and only counts the lesser alarms', () => {
    const it = fleet()
    const servers = [
      { id: 'x', state: 'probing' },
      { id: 'y', state: 'ejected' },
    ] as const
    const others = { store: 'down', package: '0.2.0' } as const
    it.hear({ replica: 'a', store: 'down' }, { id: 'x' }, { id: 'y' })
    it.hear({ replica: 'a', store: 'down' }, ...servers)
    it.hear({ replica: 'b', ...others }, { id: 'x' }, servers[1])
    assert.equal(
      text(it),
      'y ejected for 0 s on all replicas. 1 more not up. Replicas run different versions. 1 more warning.',
    )
  })

  test('says how old it is when nobody is heard, and that nobody ever was', () => {
    const it = fleet()
    assert.equal(text(it), 'No replica has been heard of yet.')
    it.hear({}, {})
    it.wait(30_000)
    assert.equal(text(it), 'No replica has been heard for 30 s.')
    assert.equal(it.view().stale, true)
    const [shop] = viewUpstreams(it.registry, it.view().at)
    assert.equal(shop?.recent.requestsPerSecond, null, 'a rate of 0 would be a lie')
    assert.equal(shop?.servers[0]?.recent.requestsPerSecond, null)
  })
})
