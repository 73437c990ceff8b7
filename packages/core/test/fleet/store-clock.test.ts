import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StoreClock } from '#core/fleet/store-clock.js'

const own = { now: () => 5_000, wall: () => 1_800_000_000_000 }

describe('the clock of the fleet', () => {
  it("is the process's own before the store has said anything", () => {
    assert.equal(new StoreClock(own).now(), own.wall())
  })

  it("is the store's, taken from the middle of the time that asking took", () => {
    const clock = new StoreClock(own)
    clock.take(1_800_000_600_000, 4_000, 4_200)
    assert.equal(clock.now(), 1_800_000_600_900)
    assert.equal(clock.wall(), clock.now())
  })

  it('does not correct the time of cookies by more than an hour: the store may be what is wrong', () => {
    const clock = new StoreClock(own)
    for (const wrongMs of [0, 1_800_003_700_000, 8_000_000_000_000_000]) {
      clock.take(wrongMs, 5_000, 5_000)
      assert.equal(clock.wall(), own.wall())
    }
  })
})
