import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type HealthChange, type HealthEvent, healthOf, transition } from '#core/health/passive.js'
import { Server, type ServerConfig } from '#core/servers/server.js'

const defaults: ServerConfig = {
  address: '10.0.0.1:80',
  id: '10.0.0.1:80',
  tls: false,
  incarnation: 0,
  weight: 1,
  maxFails: 2,
  failTimeoutS: 10,
  slowStartS: 0,
  maxConns: 0,
  backup: false,
  down: false,
  drain: false,
  route: undefined,
}

function given(config: Partial<ServerConfig> = {}, single = false) {
  const server = new Server({ ...defaults, ...config })
  const tell = (nowS: number, ...events: HealthEvent[]): Array<HealthChange | undefined> =>
    events.map((event) => transition(server, event, nowS, single))
  return { server, tell }
}

describe('A server that fails', () => {
  test('is ejected by the fail that reaches maxFails, and not before', () => {
    const { server, tell } = given({ maxFails: 3 })
    assert.deepEqual(tell(100, 'fail', 'fail'), [undefined, undefined])
    assert.equal(server.available(100), true)
    assert.deepEqual(tell(101, 'fail'), ['ejected'])
    assert.equal(server.available(101), false)
    assert.deepEqual(healthOf(server), { kind: 'ejected', fails: 3, untilS: 112 })
  })

  test('stays out up to and with the last second of failTimeout', () => {
    const { server, tell } = given()
    tell(100, 'fail', 'fail')
    assert.equal(server.available(110), false)
    assert.equal(server.available(111), true)
  })

  test('is out for the current second when failTimeout is 0', () => {
    const { server, tell } = given({ failTimeoutS: 0 })
    tell(100, 'fail', 'fail')
    assert.equal(server.available(100), false)
    assert.equal(server.available(101), true)
  })

  test('is never ejected when maxFails is 0, however often it fails', () => {
    const { server, tell } = given({ maxFails: 0, weight: 5 })
    assert.deepEqual(tell(100, 'fail', 'fail', 'fail'), [undefined, undefined, undefined])
    assert.equal(server.available(100), true)
    assert.deepEqual(healthOf(server), { kind: 'up', fails: 3 })
    assert.equal(server.effectiveWeight, 5)
  })

  test('is out for longer by the fails of requests still under way, which is no news', () => {
    const { server, tell } = given()
    tell(100, 'pick', 'pick', 'pick', 'fail', 'fail')
    assert.deepEqual(tell(105, 'fail'), [undefined])
    assert.deepEqual(healthOf(server), { kind: 'ejected', fails: 3, untilS: 116 })
  })

  test('loses the floor of weight / maxFails at every fail, down to nothing', () => {
    const { server, tell } = given({ weight: 7, maxFails: 3 })
    const left = [1, 2, 3, 4].map((second) => {
      tell(second, 'fail')
      return server.effectiveWeight
    })
    assert.deepEqual(left, [5, 3, 1, 0])
  })

  test('loses nothing when its weight is less than maxFails', () => {
    const { server, tell } = given({ weight: 1, maxFails: 3 })
    tell(1, 'fail', 'fail', 'fail')
    assert.equal(server.effectiveWeight, 1)
  })

  test('loses by the weight that an operator gave it, not by the configured one', () => {
    const { server, tell } = given({ weight: 1, maxFails: 2 })
    server.overrideWith({ weight: 10 })
    tell(1, 'fail')
    assert.equal(server.effectiveWeight, 5)
  })
})

describe('An ejected server', () => {
  test('is probed by a single request when its time is up', () => {
    const { server, tell } = given()
    tell(100, 'fail', 'fail')
    assert.deepEqual(tell(111, 'pick'), ['probing'])
    assert.equal(server.available(111), false)
    assert.deepEqual(healthOf(server), { kind: 'probing', fails: 2, sinceS: 111 })
  })

  test('is ejected for another failTimeout when the probe fails', () => {
    const { server, tell } = given()
    tell(100, 'fail', 'fail')
    tell(111, 'pick')
    assert.deepEqual(tell(113, 'fail'), ['ejected'])
    assert.deepEqual(healthOf(server), { kind: 'ejected', fails: 3, untilS: 124 })
    assert.equal(server.available(123), false)
  })

  test('is back with a clean record when the probe succeeds, in the same second even', () => {
    const { server, tell } = given()
    tell(100, 'fail', 'fail')
    assert.deepEqual(tell(111, 'pick', 'ok'), ['probing', 'returned'])
    assert.equal(server.available(111), true)
    assert.deepEqual(healthOf(server), { kind: 'up', fails: 0 })
  })

  test('is probed anew after failTimeout when a probe never ends', () => {
    const { server, tell } = given()
    tell(100, 'fail', 'fail')
    tell(111, 'pick')
    assert.equal(server.available(121), false)
    assert.equal(server.available(122), true)
    assert.deepEqual(tell(122, 'pick'), ['probing'])
    assert.deepEqual(healthOf(server), { kind: 'probing', fails: 2, sinceS: 122 })
  })

  test('is not brought back by an answer to a request from before', () => {
    const { server, tell } = given()
    tell(100, 'pick', 'pick', 'pick', 'fail', 'fail')
    assert.deepEqual(tell(104, 'ok'), [undefined])
    assert.equal(server.available(104), false)
  })

  test('is not probed by a request that was sent there for want of any other', () => {
    const { server, tell } = given()
    tell(100, 'fail', 'fail')
    assert.deepEqual(tell(105, 'pick', 'ok'), [undefined, undefined])
    assert.equal(healthOf(server).kind, 'ejected')
  })

  test('remains ejected in name until a request comes, however late', () => {
    const { server, tell } = given()
    tell(100, 'fail', 'fail')
    assert.equal(server.available(1_000), true)
    assert.deepEqual(healthOf(server), { kind: 'ejected', fails: 2, untilS: 111 })
  })
})

describe('Fails below maxFails', () => {
  test('are not forgotten at a success within failTimeout', () => {
    const { server, tell } = given()
    tell(100, 'pick', 'fail')
    tell(110, 'pick', 'ok')
    assert.deepEqual(healthOf(server), { kind: 'up', fails: 1 })
  })

  test('are forgotten at a success of a request from after failTimeout', () => {
    const { server, tell } = given()
    tell(100, 'pick', 'fail')
    assert.deepEqual(tell(111, 'pick', 'ok'), [undefined, undefined])
    assert.deepEqual(healthOf(server), { kind: 'up', fails: 0 })
  })

  test('add up beyond failTimeout without such a success: no window slides', () => {
    const { server, tell } = given()
    tell(100, 'fail')
    assert.deepEqual(tell(500, 'fail'), ['ejected'])
    assert.equal(server.available(500), false)
  })
})

describe('The only server of a pool', () => {
  test('keeps no fails and is never ejected', () => {
    const { server, tell } = given({ maxFails: 1, weight: 4 }, true)
    assert.deepEqual(tell(100, 'pick', 'fail', 'fail'), [undefined, undefined, undefined])
    assert.equal(server.available(100), true)
    assert.deepEqual(healthOf(server), { kind: 'up', fails: 0 })
    assert.equal(server.effectiveWeight, 4)
  })

  test('returns at its first request if it was ejected while there were others', () => {
    const { server, tell } = given()
    tell(100, 'fail', 'fail')
    assert.equal(transition(server, 'pick', 101, true), 'returned')
    assert.equal(server.available(101), true)
  })
})
