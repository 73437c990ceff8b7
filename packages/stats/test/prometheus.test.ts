import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { SnapshotSource } from '#stats/index.js'
import { moveReasons } from '#stats/snapshots/vocabulary.js'
import { serve } from './fixtures/app.js'
import { parsePrometheus } from './fixtures/prometheus-text.js'
import { anUpstream, aReplica, aServer } from './fixtures/snapshots.js'

async function scrape(t: TestContext, source: SnapshotSource) {
  const app = await serve(t, source)
  const response = await app.inject('/metrics')
  assert.equal(response.statusCode, 200)
  const families = parsePrometheus(response.body)
  return {
    response,
    families,
    /** The value of the one sample whose labels include these. */
    value(name: string, labels: Record<string, string>): number | undefined {
      const family = families.get(name.replace(/_(bucket|sum|count)$/, '')) ?? families.get(name)
      const found = family?.samples.filter(
        (sample) =>
          sample.name === name &&
          Object.entries(labels).every(([label, text]) => sample.labels[label] === text),
      )
      assert.ok(found === undefined || found.length <= 1, `${name} is ambiguous`)
      return found?.[0]?.value
    },
  }
}

test('the metrics are text format 0.0.4, each family with a help and a type', async (t) => {
  const { response, families } = await scrape(t, () => aReplica())
  assert.equal(response.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  assert.ok(families.size > 15)
  for (const [name, { type, help }] of families) {
    assert.match(name, /^holdfast_/)
    assert.match(help, /\.$/)
    assert.equal(type === 'counter', name.endsWith('_total'), name)
  }
})

test('the counts of a server come out under its upstream and its id', async (t) => {
  const { value } = await scrape(t, () => aReplica())
  const server = { upstream: 'shop', server: 'shop-1' }
  assert.equal(value('holdfast_upstream_requests_total', server), 11)
  assert.equal(value('holdfast_upstream_attempts_total', server), 12)
  assert.equal(value('holdfast_upstream_retries_total', server), 1)
  assert.equal(value('holdfast_upstream_responses_total', { ...server, code: '2xx' }), 9)
  assert.equal(value('holdfast_upstream_fails_total', { ...server, kind: 'connect' }), 1)
  assert.equal(value('holdfast_upstream_ejections_total', server), 1)
  assert.equal(value('holdfast_upstream_bytes_total', { ...server, direction: 'in' }), 100)
  assert.equal(value('holdfast_upstream_bytes_total', { ...server, direction: 'out' }), 2000)
  assert.equal(value('holdfast_upstream_active_requests', server), 2)
  assert.equal(value('holdfast_upstream_tunnels', server), 1)
  assert.equal(value('holdfast_upstream_weight', server), 3)
  assert.equal(value('holdfast_upstream_server_info', { ...server, address: '10.0.0.11:8080' }), 1)
})

test('every replica sees a server in exactly one of its states', async (t) => {
  const { families } = await scrape(t, () =>
    aReplica({ upstreams: [anUpstream({ servers: [aServer({ state: 'ejected' })] })] }),
  )
  const states = families.get('holdfast_upstream_server_state')?.samples ?? []
  assert.deepEqual(
    states.map(({ labels, value }) => [labels.state, value]),
    [
      ['up', 0],
      ['drain', 0],
      ['probing', 0],
      ['ejected', 1],
      ['down', 0],
    ],
  )
})

test('the latency is a histogram in seconds, cumulative up to +Inf', async (t) => {
  const { value } = await scrape(t, () => aReplica())
  const name = 'holdfast_upstream_response_duration_seconds'
  assert.equal(value(`${name}_bucket`, { le: '0.01' }), 6)
  assert.equal(value(`${name}_bucket`, { le: '0.05' }), 10)
  assert.equal(value(`${name}_bucket`, { le: '+Inf' }), 11)
  assert.equal(value(`${name}_count`, {}), 11)
  assert.equal(value(`${name}_sum`, {}), 90.208)
})

test('moved sessions are counted by reason, and a reason that never came stands at 0', async (t) => {
  const { value } = await scrape(t, () => aReplica())
  assert.equal(value('holdfast_affinity_total', { verdict: 'kept' }), 8)
  assert.equal(value('holdfast_affinity_total', { verdict: 'new' }), 2)
  assert.equal(value('holdfast_affinity_total', { verdict: 'moved' }), 1)
  assert.equal(value('holdfast_affinity_moved_total', { reason: 'failed' }), 1)
  assert.equal(value('holdfast_affinity_moved_total', { reason: 'ejected' }), 0)
})

test('a name with quotes, backslashes and line ends comes back as it was', async (t) => {
  const id = 'a "quoted" \\ name\nof two lines\u0007'
  const { value } = await scrape(t, () =>
    aReplica({ upstreams: [anUpstream({ servers: [aServer({ id })] })] }),
  )
  assert.equal(value('holdfast_upstream_requests_total', { server: id }), 11)
})

test('the store is told of only where there is a fleet', async (t) => {
  const alone = await scrape(t, () => aReplica())
  assert.equal(alone.families.has('holdfast_replica_store_up'), false)
  const cutOff = await scrape(t, () => aReplica({ store: 'down' }))
  assert.equal(cutOff.value('holdfast_replica_store_up', { replica: 'gateway-1' }), 0)
})

test('a gateway without upstreams still gives a page that can be read', async (t) => {
  const { families } = await scrape(t, () => aReplica({ upstreams: [] }))
  for (const name of families.keys()) assert.match(name, /^holdfast_(replica|alarm)/)
})

test('a reason of a later version counts as other, so that labels stay bounded', async (t) => {
  const moved = { failed: 1, 'moon-phase': 2, __proto__: 3 }
  const { value, families } = await scrape(t, () =>
    aReplica({ upstreams: [anUpstream({ affinity: { kept: 0, new: 0, moved, none: 0 } })] }),
  )
  assert.equal(value('holdfast_affinity_moved_total', { reason: 'other' }), 2)
  const reasons = families.get('holdfast_affinity_moved_total')?.samples.length
  assert.equal(reasons, moveReasons.length + 1)
})

test('ejections are told as they were earned and as they were made', async (t) => {
  const server = aServer({ ejections: 2, ejectionsDetected: 5 })
  const { value } = await scrape(t, () =>
    aReplica({ upstreams: [anUpstream({ servers: [server] })] }),
  )
  assert.equal(value('holdfast_upstream_ejections_detected_total', {}), 5)
  assert.equal(value('holdfast_upstream_ejections_total', {}), 2)
})

test('replicas are counted by whether they are heard, and alarms are 0 or 1', async (t) => {
  const { value } = await scrape(t, () => [
    aReplica({ at: Date.now() }),
    aReplica({ at: Date.now(), replica: 'gateway-2', package: '0.2.0' }),
  ])
  assert.equal(value('holdfast_replicas', { presence: 'live' }), 2)
  assert.equal(value('holdfast_replicas', { presence: 'silent' }), 0)
  assert.equal(value('holdfast_alarm', { kind: 'package' }), 1)
  assert.equal(value('holdfast_alarm', { kind: 'keyIds' }), 0)
})
