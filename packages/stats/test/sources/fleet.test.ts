import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import { encodeSnapshot, MemoryStore } from '@holdfast/core/fleet'
import { Feed } from '#stats/feed.js'
import { Registry } from '#stats/registry/registry.js'
import { createFleetSource } from '#stats/sources/fleet.js'
import { Turns } from '#stats/turns.js'
import { aReplica } from '../fixtures/snapshots.js'

const LIMITS = { intervalMs: 1_000, silentAfterMs: 10_000, expireAfterMs: 60_000 }

function fleet() {
  let nowMs = 1_700_000_000_000
  const clock = { now: () => nowMs, wall: () => nowMs }
  const store = new MemoryStore(clock)
  const source = createFleetSource(store, 0)
  const complaints: string[] = []
  const feed = new Feed(source, new Registry(LIMITS), {
    clock,
    turns: new Turns(),
    complain: (where) => complaints.push(where),
  })
  return {
    store,
    source,
    feed,
    complaints,
    wait: (ms: number) => {
      nowMs += ms
    },
    post: (replica: string, text: string) => store.post(replica, text, 60_000),
  }
}

test('what replicas post on the board is merged; what is no snapshot is an alarm and nothing else', async () => {
  const { feed, post, complaints } = fleet()
  await post('good', encodeSnapshot(aReplica({ replica: 'good', at: 1_700_000_000_000 })))
  const evil = {
    text: 'not even packed',
    other: encodeSnapshot({ ...aReplica(), version: 9 }),
    polluting: encodeSnapshot(JSON.parse('{"__proto__":{"version":1},"upstreams":"x"}')),
    // A hundred megabytes of nothing in a few kilobytes.
    bomb: deflateRawSync(Buffer.alloc(100_000_000), { level: 9 }).toString('base64'),
    endless: encodeSnapshot({ ...aReplica(), replica: 'x'.repeat(1_000_000) }),
  }
  for (const [replica, text] of Object.entries(evil)) await post(replica, text)
  const { fleet: view } = await feed.read()
  assert.deepEqual(
    view.replicas.map(({ replica }) => replica),
    ['good'],
  )
  const [alarm] = view.alarms.filter(({ kind }) => kind === 'refused')
  const named = alarm?.values.flatMap(({ replicas }) => replicas).sort()
  assert.deepEqual(named, Object.keys(evil).sort())
  assert.equal(complaints.length, 5)
  await feed.poll()
  assert.equal(complaints.length, 5, 'the same failure is told once')
  assert.equal('version' in {}, false)
})

test('a store that does not answer is an alarm while it lasts, and what was known stays', async () => {
  const { feed, post, store, wait } = fleet()
  await post('good', encodeSnapshot(aReplica({ replica: 'good', at: 1_700_000_000_000 })))
  await feed.read()
  const read = store.read.bind(store)
  store.read = () => Promise.reject(new Error('connect ECONNREFUSED'))
  await feed.poll()
  assert.deepEqual(
    feed.state.fleet.alarms.map(({ kind }) => kind),
    ['refused'],
  )
  assert.equal(feed.state.upstreams.length, 1)
  wait(12_000)
  await feed.poll()
  assert.equal(
    feed.state.fleet.headline.text,
    'No replica has been heard for 12 s: Redis does not answer.',
  )
  store.read = read
  await post('good', encodeSnapshot(aReplica({ replica: 'good', at: 1_700_000_012_000 })))
  await feed.poll()
  assert.deepEqual(feed.state.fleet.alarms, [])
})

test('an override is what a replica would have said: for the server as it is, newer than all before', async () => {
  const { feed, post, store, source } = fleet()
  await post('good', encodeSnapshot(aReplica({ replica: 'good', at: 1_700_000_000_000 })))
  await feed.read()
  const address = '10.0.0.11:8080'
  const target = { upstream: 'shop', server: 'shop-1', address, incarnation: 0 }
  await source.control?.override(target, { mode: 'drain' }, 'ada', 60_000)
  await source.control?.override(target, { mode: 'down' }, 'ada')
  const { state } = await store.exchange('shop', {
    replica: undefined,
    known: '',
    quorum: 1,
    sick: false,
    fails: [],
    returned: [],
    records: [],
    listed: [],
    settled: false,
    leaving: false,
  })
  const [record, ...others] = state?.records ?? []
  assert.deepEqual(others, [])
  assert.equal(record?.server, '10.0.0.11:8080 0')
  assert.deepEqual(record?.kind === 'override' && [record.override.mode, record.by], [
    'down',
    'ada',
  ])
  assert.equal(record?.untilMs, 0)
})
