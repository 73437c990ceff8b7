import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Lease, type LeaseKeeper } from '#core/attempt/lease.js'
import { type Outcome, outcomes } from '#core/kernel/outcome.js'
import { createPool } from '#core/servers/pool.js'
import type { Server } from '#core/servers/server.js'
import { UpstreamCounters } from '#core/stats/counters.js'
import { serverConfig } from '../affinity/fixtures.js'

class Keeper implements LeaseKeeper {
  ms = 0
  readonly counters = new UpstreamCounters()
  readonly recorded: string[] = []
  readonly server: Server = createPool([serverConfig('10.0.0.1:80')]).servers[0]!

  nowMs(): number {
    return this.ms
  }

  record(_server: Server, event: 'pick' | 'fail' | 'ok', outcome: Outcome): void {
    this.recorded.push(event === 'fail' ? outcome.name : event)
  }

  take(retry = false): Lease {
    return new Lease(this, this.server, retry, this.ms)
  }

  get counted() {
    return this.counters.of(this.server)
  }
}

describe('A lease', () => {
  it('holds one connection of its server until it is released', () => {
    const keeper = new Keeper()
    const [one, two] = [keeper.take(), keeper.take()]
    assert.equal(keeper.server.active, 2)
    one.release(outcomes.ok)
    assert.equal(keeper.server.active, 1)
    assert.equal(one.released, true)
    assert.equal(two.released, false)
    two.release(outcomes.aborted)
    assert.equal(keeper.server.active, 0)
  })

  it('cannot be released twice, whatever came before', () => {
    for (const answered of [false, true]) {
      const keeper = new Keeper()
      const lease = keeper.take()
      if (answered) lease.answered(200)
      lease.release(outcomes.ok)
      assert.throws(() => lease.release(outcomes.reset), /released twice \(reset\)/)
      assert.equal(keeper.server.active, 0)
      assert.deepEqual(Object.values(keeper.counted.fails), [0, 0, 0, 0, 0])
    }
  })

  it('counts an attempt, and a retry where another server was asked before', () => {
    const keeper = new Keeper()
    keeper.take().release(outcomes.ok)
    keeper.take(true).release(outcomes.ok)
    assert.equal(keeper.counted.attempts, 2)
    assert.equal(keeper.counted.retries, 1)
  })

  it('is well with its server as soon as the head is there, and a cut body changes nothing', () => {
    const keeper = new Keeper()
    const lease = keeper.take()
    keeper.ms = 12
    lease.answered(404)
    assert.deepEqual(keeper.recorded, ['pick', 'ok'])
    keeper.ms = 500
    lease.release(outcomes.cut)
    assert.deepEqual(keeper.recorded, ['pick', 'ok'])
    assert.equal(lease.status, 404)
    assert.equal(lease.timeMs, 12)
    assert.equal(keeper.counted.responses['4xx'], 1)
  })

  it('takes the first head only', () => {
    const keeper = new Keeper()
    const lease = keeper.take()
    lease.answered(200)
    lease.answered(500)
    lease.release(outcomes.ok)
    lease.answered(500)
    assert.equal(lease.status, 200)
    assert.equal(keeper.counted.responses['5xx'], 0)
  })

  it('counts a fail by its kind and stands for the status that the client would get', () => {
    for (const [outcome, kind, status] of [
      [outcomes.refused, 'connect', 502],
      [outcomes.connectTimeout, 'timeout', 504],
      [outcomes.reset, 'reset', 502],
      [outcomes.headTimeout, 'timeout', 504],
      [outcomes.invalid, 'invalid', 502],
    ] as const) {
      const keeper = new Keeper()
      const lease = keeper.take()
      keeper.ms = 7
      lease.release(outcome)
      assert.equal(keeper.counted.fails[kind], 1)
      assert.deepEqual(keeper.recorded, ['pick', outcome.name])
      assert.equal(lease.status, status)
      assert.equal(lease.timeMs, 7)
    }
  })

  it('keeps the status of an answer that is thrown away for another server', () => {
    const keeper = new Keeper()
    const lease = keeper.take()
    lease.status = 503
    lease.release(outcomes.status)
    assert.equal(lease.status, 503)
    assert.equal(keeper.counted.fails.status, 1)
  })

  it('blames nobody when the client or the gateway is at fault, or the connection was stale', () => {
    for (const outcome of [outcomes.aborted, outcomes.proxy, outcomes.stale, outcomes.elsewhere]) {
      const keeper = new Keeper()
      keeper.take().release(outcome)
      assert.deepEqual(keeper.recorded, ['pick'])
      assert.deepEqual(Object.values(keeper.counted.fails), [0, 0, 0, 0, 0])
    }
  })

  it('adds up the bytes that went through it', () => {
    const keeper = new Keeper()
    const lease = keeper.take()
    lease.moved(3, 5)
    lease.moved(1, 1)
    assert.equal(keeper.counted.bytesIn, 4)
    assert.equal(keeper.counted.bytesOut, 6)
  })
})
