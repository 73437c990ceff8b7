import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Probes } from '#core/fleet/probes.js'
import { Server } from '#core/servers/server.js'
import { serverConfig } from '../affinity/fixtures.js'
import { VirtualTime } from '../health/virtual-time.js'

function setUp() {
  const time = new VirtualTime()
  const server = new Server(serverConfig('a:80'))
  const fleet = { isShared: true, waitMs: 0, asked: 0 }
  const probes = new Probes({
    clock: time,
    timers: time,
    isShared: () => fleet.isShared,
    ask: async () => {
      fleet.asked += 1
      return fleet.waitMs
    },
  })
  return { time, server, fleet, probes }
}

describe('the gate of a server whose ejection has run out', () => {
  it('is shut while the fleet is asked, and open when it has said yes', async () => {
    const { probes, server, time, fleet } = setUp()
    assert.equal(probes.shuts(server), true)
    assert.equal(probes.shuts(server), true)
    assert.equal(fleet.asked, 1, 'one question is enough')
    await time.pass(1)
    assert.equal(probes.shuts(server), false)
  })

  it('asks again when the fleet said, and not before', async () => {
    const { probes, server, time, fleet } = setUp()
    fleet.waitMs = 700
    probes.shuts(server)
    await time.pass(699)
    assert.equal(probes.shuts(server), true)
    assert.equal(fleet.asked, 1)
    await time.pass(1)
    assert.equal(probes.shuts(server), true)
    assert.equal(fleet.asked, 2)
  })

  it('is no gate where the store is down: the local rule holds', () => {
    const { probes, server, fleet } = setUp()
    fleet.isShared = false
    assert.equal(probes.shuts(server), false)
    assert.equal(fleet.asked, 0)
  })

  it('renews a grant that no request has used yet, but leaves it to others in the end', async () => {
    const { probes, server, time, fleet } = setUp()
    probes.shuts(server)
    await time.pass(3_500)
    assert.equal(probes.shuts(server), false)
    assert.equal(fleet.asked, 4)
    await time.pass(10_000)
    assert.ok(fleet.asked <= 6, `asked ${fleet.asked} times`)
    assert.equal(probes.shuts(server), true, 'has to ask anew')
  })

  it('renews the lease for as long as the probe is in flight', async () => {
    const { probes, server, time, fleet } = setUp()
    probes.shuts(server)
    await time.pass(1)
    server.active = 1
    probes.began(server)
    await time.pass(20_000)
    assert.equal(fleet.asked, 21)
    server.active = 0
    await time.pass(20_000)
    assert.equal(fleet.asked, 21)
  })

  it('ends all that when there is a verdict', async () => {
    const { probes, server, time, fleet } = setUp()
    probes.shuts(server)
    await time.pass(1)
    probes.began(server)
    assert.equal(probes.settle(server), true)
    await time.pass(20_000)
    assert.equal(fleet.asked, 1)
    assert.equal(time.pending, 0)
  })

  it('opens after a minute whatever the store says: it cannot keep a server out for good', async () => {
    const { probes, server, time, fleet } = setUp()
    fleet.waitMs = Number.MAX_SAFE_INTEGER
    for (let s = 0; s <= 60; s += 1) {
      assert.equal(probes.shuts(server), true)
      await time.pass(1_000)
    }
    assert.equal(probes.shuts(server), false)
  })
})
