import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { cutSnapshot } from '#stats/snapshots/cut.js'
import { readSnapshot } from '#stats/snapshots/parse.js'
import { SnapshotFormatError } from '#stats/snapshots/reader.js'
import { finish } from '#stats/turns.js'
import { parseSnapshot } from '../fixtures/at-once.js'
import { anUpstream, aReplica, aServer } from '../fixtures/snapshots.js'

function readText(text: string): unknown {
  const { frame, open } = finish(cutSnapshot(text))
  const { upstreams, ...facts } = readSnapshot(frame, open)
  return { ...facts, upstreams: upstreams.map((each) => ({ ...each, servers: [...each.servers] })) }
}

describe('a snapshot that is cut into its servers', () => {
  test('is read as one that is parsed whole, whatever servers are called', () => {
    const id = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.constantFrom('"', '\\', '\\"', '}],[{', '0'),
    )
    const upstream = fc
      .uniqueArray(id, { maxLength: 4 })
      .map((ids) => ids.map((id) => aServer({ id })))
    fc.assert(
      fc.property(fc.array(upstream, { maxLength: 3 }), fc.boolean(), (lists, isPretty) => {
        const upstreams = lists.map((servers, i) => anUpstream({ name: `u${i}`, servers }))
        const text = JSON.stringify(aReplica({ upstreams }), null, isPretty ? 2 : 0)
        assert.deepEqual(readText(text), parseSnapshot(JSON.parse(text)))
      }),
    )
  })

  test('is refused where it is no JSON, in a server too, without a word of it', () => {
    const whole = JSON.stringify(aReplica())
    for (const text of ['', 'secret', whole.slice(0, -1), whole.replace('"id":', '"id"')]) {
      assert.throws(() => readText(text), SnapshotFormatError)
    }
    assert.throws(() => readText('secret'), { message: 'snapshot is no JSON' })
  })

  test('of any text is read or refused, and nothing else', () => {
    const piece = fc.oneof(
      fc.constantFrom(...'{}[]",:\\0', '"servers":[', '"upstreams":['),
      fc.string({ maxLength: 4 }),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        try {
          readText(pieces.join(''))
        } catch (error) {
          assert.ok(error instanceof SnapshotFormatError)
        }
      }),
    )
  })

  test('has a bound on how many servers that may be', () => {
    const text = `[[[[${'{},'.repeat(100_001)}{}]]]]`
    assert.throws(() => finish(cutSnapshot(text)), /too many servers/)
  })
})
