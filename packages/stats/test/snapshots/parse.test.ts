import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { SnapshotFormatError } from '#stats/snapshots/reader.js'
import { parseSnapshot } from '../fixtures/at-once.js'
import { anUpstream, aReplica, aServer, latencyOf } from '../fixtures/snapshots.js'

type Fields = Record<string, unknown>

const withServer = (fields: Fields): unknown => ({
  ...aReplica(),
  upstreams: [{ ...anUpstream(), servers: [{ ...aServer(), ...fields }] }],
})
const withUpstream = (fields: Fields): unknown => ({
  ...aReplica(),
  upstreams: [{ ...anUpstream(), ...fields }],
})

describe('A snapshot from elsewhere', () => {
  test('is read as it was written', () => {
    const snapshot = aReplica()
    assert.deepEqual(parseSnapshot(JSON.parse(JSON.stringify(snapshot))), snapshot)
  })

  test('may come from an older replica that tells less', () => {
    const { maxFails: _, failTimeoutS: __, override: ___, ...older } = aServer()
    const snapshot = aReplica({ upstreams: [anUpstream({ servers: [older] })] })
    assert.deepEqual(parseSnapshot(JSON.parse(JSON.stringify(snapshot))), snapshot)
  })

  test('loses what this version does not know', () => {
    const read = parseSnapshot({ ...aReplica(), script: '<script>' })
    assert.deepEqual(read, aReplica())
  })

  test('of another version says which, and which is read here', () => {
    assert.throws(() => parseSnapshot({ ...aReplica(), version: 2 }), /is 2; this program reads 1/)
  })

  for (const [what, snapshot] of Object.entries<unknown>({
    nothing: undefined,
    text: 'snapshot',
    'a list': [],
    'no version': { ...aReplica(), version: undefined },
    'NaN requests': withServer({ requests: Number.NaN }),
    'infinite attempts': withServer({ attempts: Number.POSITIVE_INFINITY }),
    'negative bytes': withServer({ bytes: { in: -1, out: 0 } }),
    'inexact counts': withServer({ active: 2 ** 60 }),
    'requests as text': withServer({ requests: '12' }),
    'a state of its own': withServer({ state: 'fine' }),
    'an id without end': withServer({ id: 'x'.repeat(256) }),
    'an address without end': withServer({ address: 'x'.repeat(10_000_000) }),
    'other buckets': withServer({ latency: { bounds: [1, 2], counts: [0, 0, 0], sum: 0 } }),
    'a bucket too many': withServer({
      latency: { ...latencyOf(), counts: [...latencyOf().counts, 1] },
    }),
    'a sketch that is none': withServer({ sessions: '<b>' }),
    'a sketch without end': withServer({ sessions: 'A'.repeat(5_000) }),
    'one server twice': withUpstream({ servers: [aServer(), aServer()] }),
    'one upstream twice': { ...aReplica(), upstreams: [anUpstream(), anUpstream()] },
    'an upstream named in markup': withUpstream({ name: '<b>' }),
    'an upstream named like a prototype': withUpstream({ name: '__proto__ ' }),
    'reasons that are no numbers': withUpstream({
      affinity: { kept: 0, new: 0, none: 0, moved: { failed: 'many' } },
    }),
    'ten thousand and one servers': withUpstream({
      servers: Array.from({ length: 10_001 }, (_, i) => aServer({ id: `${i}` })),
    }),
    'a store of its own': { ...aReplica(), store: 'maybe' },
    'keys as text': { ...aReplica(), keyIds: ['7'] },
  })) {
    test(`with ${what} is refused`, () => {
      assert.throws(() => parseSnapshot(snapshot), SnapshotFormatError)
    })
  }

  test('has no ejection of a century', () => {
    const { at } = aReplica()
    const { upstreams } = parseSnapshot(withServer({ ejectedUntil: at + 3e12 }))
    assert.equal(upstreams[0]?.servers[0]?.ejectedUntil, at + 86_400_000)
  })

  test('takes its fields from itself only', () => {
    const inherited = Object.create(aReplica())
    assert.throws(() => parseSnapshot(inherited), SnapshotFormatError)
    const polluted = JSON.parse(
      JSON.stringify(withServer({})).replace('"id":"shop-1"', '"__proto__":{"id":"x"}'),
    )
    assert.throws(() => parseSnapshot(polluted), /servers\[0\]\.id/)
  })

  test('of any shape is read or refused, and nothing else', () => {
    const broken = fc.tuple(
      fc.jsonValue(),
      fc.constantFrom('upstreams', 'at', 'keyIds', 'replica', 'store'),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue().map((value) => [value, ''] as const),
          broken,
        ),
        ([value, field]) => {
          const snapshot = field === '' ? value : { ...aReplica(), [field]: value }
          try {
            parseSnapshot(snapshot)
          } catch (error) {
            assert.ok(error instanceof SnapshotFormatError)
            assert.ok(error.message.length < 300)
          }
        },
      ),
    )
  })
})
