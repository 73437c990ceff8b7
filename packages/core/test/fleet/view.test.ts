import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { EjectionRecord } from '#core/fleet/record.js'
import { View } from '#core/fleet/view.js'
import { VirtualTime } from '../health/virtual-time.js'

function ejection(voters: Readonly<Record<string, number>>): EjectionRecord {
  return {
    kind: 'ejection',
    server: 'a:80 0',
    version: 1,
    untilMs: 0,
    inARow: 1,
    voters: new Map(Object.entries(voters)),
  }
}

describe('what a replica makes of the fleet', () => {
  it('believes a quorum, and the fails have to be enough as well', () => {
    const view = new View('a', new VirtualTime())
    view.take(['a', 'b', 'c'], [])
    assert.equal(view.upholds(ejection({ b: 9 }), 2, 3), false)
    assert.equal(view.upholds(ejection({ b: 1, c: 1 }), 2, 3), false)
    assert.equal(view.upholds(ejection({ b: 1, c: 2 }), 2, 3), true)
  })

  it('asks for no more than there are', () => {
    const view = new View('a', new VirtualTime())
    view.take(['a', 'b'], [])
    assert.equal(view.upholds(ejection({ a: 1, b: 2 }), 5, 3), true)
  })

  it('does not believe a single stranger before it has heard who lives', () => {
    const view = new View('a', new VirtualTime())
    assert.equal(view.upholds(ejection({ b: 9 }), 2, 3), false)
  })

  it('does not count the sick, unless they are the most', () => {
    const view = new View('a', new VirtualTime())
    view.take(['a', 'b', 'c', 'd'], ['b', 'c'])
    assert.equal(view.isSuspect('b'), true)
    assert.equal(view.upholds(ejection({ b: 9, a: 1 }), 2, 3), false)
    view.take(['a', 'b', 'c', 'd'], ['b', 'c', 'd'])
    assert.equal(view.isSuspect('b'), false)
    assert.equal(view.upholds(ejection({ b: 9, a: 1 }), 2, 3), true)
  })

  it('counts those that a store has forgotten for as long as it takes them to speak up', async () => {
    const time = new VirtualTime()
    const view = new View('a', time)
    view.take(['a', 'b', 'c'], [])
    view.take(['a'], [])
    assert.equal(view.upholds(ejection({ a: 9 }), 2, 3), false)
    await time.pass(2_000)
    assert.deepEqual([...view.replicas], ['a', 'b', 'c'])
    view.take(['a', 'c'], [])
    await time.pass(1_000)
    assert.deepEqual([...view.replicas], ['a', 'c'])
  })
})
