import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { InsuredStore } from '#core/fleet/insured-store.js'
import type { Answer, Message, Store } from '#core/fleet/store.js'
import { VirtualTime } from '../health/virtual-time.js'

const message = {} as Message
const answer: Answer = { nowMs: 1, stamp: '1', state: undefined }

/** A store that does what it is told to. */
class Puppet implements Store {
  exchanges: () => Promise<Answer> = async () => answer
  leases: () => Promise<number> = async () => 700
  asked = 0

  exchange(): Promise<Answer> {
    this.asked += 1
    return this.exchanges()
  }

  lease(): Promise<number> {
    this.asked += 1
    return this.leases()
  }

  subscribe(): () => void {
    return () => {}
  }

  close(): void {}
}

function insure() {
  const time = new VirtualTime()
  const puppet = new Puppet()
  const changes: string[] = []
  const onChange = (health: string, cause: unknown) => {
    changes.push(cause instanceof Error ? `${health}: ${cause.message}` : health)
  }
  return { time, puppet, changes, store: new InsuredStore(puppet, { timers: time, onChange }) }
}

const never = () => new Promise<never>(() => {})
const refuse = async () => {
  throw new Error('gone')
}

describe('an insured store', () => {
  it('answers what the store answers', async () => {
    const { store, changes } = insure()
    assert.equal(await store.exchange('shop', message), answer)
    assert.equal(await store.lease('shop', 'a:80 0', 'r'), 700)
    assert.deepEqual(changes, ['up'])
  })

  it('never rejects, and tells of each change once', async () => {
    const { store, puppet, changes } = insure()
    puppet.exchanges = refuse
    for (let i = 0; i < 5; i += 1) assert.equal(await store.exchange('shop', message), undefined)
    puppet.exchanges = async () => answer
    for (let i = 0; i < 5; i += 1) await store.exchange('shop', message)
    puppet.exchanges = refuse
    await store.exchange('shop', message)
    assert.deepEqual(changes, ['down: gone', 'up', 'down: gone'])
    assert.equal(store.failures, 6)
  })

  it('waits a second for an exchange, and a tenth of one for a lease', async () => {
    const { store, puppet, time, changes } = insure()
    await store.exchange('shop', message)
    puppet.leases = never
    puppet.exchanges = never
    const settled: string[] = []
    void store.lease('shop', 'a:80 0', 'r').then((ms) => settled.push(`lease ${ms}`))
    void store.exchange('shop', message).then((one) => settled.push(`exchange ${one}`))
    await time.pass(99)
    assert.deepEqual(settled, [])
    await time.pass(1)
    assert.deepEqual(settled, ['lease 0'])
    await time.pass(899)
    assert.equal(store.health, 'up')
    await time.pass(1)
    assert.deepEqual(settled, ['lease 0', 'exchange undefined'])
    assert.deepEqual(changes, ['up', 'down: no answer within 1000 ms'])
  })

  it('does not ask a store that is down who may probe', async () => {
    const { store, puppet } = insure()
    puppet.exchanges = refuse
    await store.exchange('shop', message)
    assert.equal(await store.lease('shop', 'a:80 0', 'r'), 0)
    assert.equal(puppet.asked, 1)
  })

  it('takes a lease that is refused for a failure, and leaves it to exchanges to say more', async () => {
    const { store, puppet } = insure()
    await store.exchange('shop', message)
    puppet.leases = refuse
    assert.equal(await store.lease('shop', 'a:80 0', 'r'), 0)
    assert.equal(store.health, 'up')
  })

  it('leaves no timer behind', async () => {
    const { store, time } = insure()
    await store.exchange('shop', message)
    await store.lease('shop', 'a:80 0', 'r')
    assert.equal(time.pending, 0)
  })
})
