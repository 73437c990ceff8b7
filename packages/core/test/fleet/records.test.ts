import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { EjectionRecord, OverrideRecord } from '#core/fleet/record.js'
import { Records } from '#core/fleet/records.js'
import { ENDED_MS } from '#core/fleet/store.js'

const NOW_MS = 1_800_000_000_000
const listed = new Set(['a:80 0'])

function override(version: number, server = 'a:80 0'): OverrideRecord {
  return {
    kind: 'override',
    server,
    version,
    untilMs: 0,
    override: { mode: 'drain' },
    by: undefined,
  }
}

function ejection(version: number, untilMs: number): EjectionRecord {
  return { kind: 'ejection', server: 'a:80 0', version, untilMs, inARow: 1, voters: new Map() }
}

describe('the records that a replica knows', () => {
  it('take what is newer, and never what is as old or older', () => {
    const records = new Records()
    assert.equal(records.learn(override(5)), true)
    assert.equal(records.learn(override(5)), false)
    assert.equal(records.learn(override(4)), false)
    assert.equal(records.overrideOf('a:80 0')?.version, 5)
  })

  it('are offered to the store until it has them', () => {
    const records = new Records()
    const said = override(5)
    records.say(said)
    assert.deepEqual(records.unsaid(), [said])
    records.delivered([override(5)])
    assert.deepEqual(records.unsaid(), [said], 'another one of the same version')
    records.delivered([said])
    assert.deepEqual(records.unsaid(), [])
  })

  it('are not offered any more when somebody else has said something newer', () => {
    const records = new Records()
    records.say(override(5))
    records.learn(override(6))
    assert.deepEqual(records.unsaid(), [])
  })

  it('are given back to a store that has lost them, or has an older version', () => {
    const records = new Records()
    records.learn(override(5))
    records.reconcile([], listed, NOW_MS)
    assert.deepEqual(records.unsaid(), [override(5)])
    records.delivered(records.unsaid())
    records.reconcile([override(4)], listed, NOW_MS)
    assert.deepEqual(records.unsaid(), [override(5)])
  })

  it('are forgotten with the store where the server is in no list, or the ejection long over', () => {
    const records = new Records()
    records.learn(override(5, 'gone:80 0'))
    records.learn(ejection(6, NOW_MS - ENDED_MS - 1))
    records.reconcile([], listed, NOW_MS)
    assert.deepEqual(records.unsaid(), [])
    assert.equal(records.overrideOf('gone:80 0'), undefined)
    assert.equal(records.ejectionOf('a:80 0'), undefined)
  })

  it('are bounded, whatever the store holds', () => {
    const records = new Records()
    const many = Array.from({ length: 10_000 }, (_, i) => override(i + 1, `s${i} 0`))
    records.reconcile(many, listed, NOW_MS)
    assert.ok(records.overrideOf('s4095 0') !== undefined)
    assert.equal(records.overrideOf('s4096 0'), undefined)
  })
})
