import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Ejection, type EjectionConfig } from '#core/health/ejection.js'
import { type HealthEvent, healthOf, transition } from '#core/health/passive.js'
import { createPool } from '#core/servers/pool.js'
import type { Server, ServerConfig } from '#core/servers/server.js'
import { serverConfig } from '../picker/fixtures.js'

function given(limits: Partial<EjectionConfig>, count = 3, config: Partial<ServerConfig> = {}) {
  const pool = createPool(
    Array.from({ length: count }, (_, i) =>
      serverConfig(`s${i}`, { maxFails: 2, failTimeoutS: 10, ...config }),
    ),
  )
  const rules = new Ejection({ backoff: 1, capMs: undefined, maxShare: 1, ...limits })
  rules.follow(pool)
  const tell = (server: Server, nowS: number, ...events: HealthEvent[]) =>
    events.map((event) => transition(server, event, nowS, false, rules))
  const [first, second, third] = pool.servers as [Server, Server, Server]
  return { pool, rules, tell, first, second, third }
}

/** From when on the ejected server may be asked again. */
function untilOf(server: Server): number {
  const health = healthOf(server)
  assert.equal(health.kind, 'ejected')
  return health.kind === 'ejected' ? health.untilS : 0
}

describe('An ejection that backs off', () => {
  test('lasts failTimeout at first, and grows by the factor each time its probe fails', () => {
    const { tell, first } = given({ backoff: 2 })
    tell(first, 100, 'fail', 'fail')
    const lengths = [1, 2, 3].map(() => {
      const probeS = untilOf(first)
      assert.deepEqual(tell(first, probeS, 'pick', 'fail'), ['probing', 'ejected'])
      return untilOf(first) - probeS - 1
    })
    assert.deepEqual(lengths, [20, 40, 80])
  })

  test('keeps requests away for as long as it lasts', () => {
    const { tell, first } = given({ backoff: 3 })
    tell(first, 100, 'fail', 'fail')
    tell(first, 111, 'pick', 'fail')
    assert.deepEqual(
      [111, 122, 141, 142].map((nowS) => first.available(nowS)),
      [false, false, false, true],
    )
    assert.deepEqual(tell(first, 141, 'pick'), [undefined])
    assert.deepEqual(tell(first, 142, 'pick'), ['probing'])
  })

  test('counts in whole seconds', () => {
    const { tell, first } = given({ backoff: 1.25 })
    tell(first, 100, 'fail', 'fail')
    tell(first, 111, 'pick', 'fail')
    assert.equal(first.ejectionS, 12)
  })

  test('grows no further than the cap, which bounds the first one too', () => {
    const { tell, first } = given({ backoff: 2, capMs: 15_000 })
    tell(first, 100, 'fail', 'fail')
    tell(first, 111, 'pick', 'fail')
    assert.equal(first.ejectionS, 15)
    const short = given({ capMs: 5_000 })
    short.tell(short.first, 100, 'fail', 'fail')
    assert.equal(short.first.ejectionS, 5)
  })

  test('stays a number that clocks can count, however often it is repeated', () => {
    const { tell, first } = given({ backoff: 1_000 })
    tell(first, 100, 'fail', 'fail')
    for (let i = 0; i < 500; i += 1) tell(first, untilOf(first), 'pick', 'fail')
    assert.ok(Number.isSafeInteger(untilOf(first)))
  })

  test('grows when the server fails again soon after its return', () => {
    const { tell, first } = given({ backoff: 2 })
    tell(first, 100, 'fail', 'fail')
    tell(first, 111, 'pick', 'ok')
    assert.deepEqual(tell(first, 120, 'fail', 'fail'), [undefined, 'ejected'])
    assert.equal(first.ejectionS, 20)
  })

  test('starts from failTimeout again when the server stayed well as long as it had been out', () => {
    const { tell, first } = given({ backoff: 2 })
    tell(first, 100, 'fail', 'fail')
    tell(first, 111, 'pick', 'fail')
    tell(first, 132, 'pick', 'ok')
    tell(first, 151, 'fail', 'fail')
    assert.equal(first.ejectionS, 40, 'a second too soon')
    tell(first, 192, 'pick', 'ok')
    tell(first, 232, 'fail', 'fail')
    assert.equal(first.ejectionS, 10)
  })

  test('does not lengthen the time for which a single fail counts', () => {
    const { tell, first } = given({ backoff: 8 })
    tell(first, 100, 'fail', 'fail')
    tell(first, 111, 'pick', 'fail')
    tell(first, 192, 'pick', 'ok')
    tell(first, 300, 'fail')
    tell(first, 311, 'pick', 'ok')
    assert.equal(first.fails, 0)
  })

  test('is no longer for the fails of requests that were still under way', () => {
    const { tell, first } = given({ backoff: 2 })
    tell(first, 100, 'pick', 'pick', 'pick', 'fail', 'fail')
    assert.deepEqual(tell(first, 101, 'fail'), [undefined])
    assert.deepEqual([first.ejectionS, untilOf(first)], [10, 112])
  })

  test('takes a new failTimeout of the list at once', () => {
    const { pool, tell, first } = given({ backoff: 2 })
    tell(first, 100, 'fail', 'fail')
    createPool([serverConfig('s0', { maxFails: 2, failTimeoutS: 3 })], pool)
    assert.equal(first.available(104), true)
  })
})

describe('The largest share of servers that may be out', () => {
  test('spares the server that would go beyond it, and lets it start over', () => {
    const { tell, first, second } = given({ maxShare: 0.5 })
    assert.deepEqual(tell(first, 100, 'fail', 'fail'), [undefined, 'ejected'])
    assert.deepEqual(tell(second, 100, 'fail', 'fail'), [undefined, 'spared'])
    assert.equal(second.available(100), true)
    assert.deepEqual(healthOf(second), { kind: 'up', fails: 0 })
    assert.deepEqual(tell(second, 100, 'fail', 'fail'), [undefined, 'spared'])
  })

  test('is used as soon as another server is due again', () => {
    const { tell, first, second } = given({ maxShare: 0.5 })
    tell(first, 100, 'fail', 'fail')
    tell(second, 105, 'fail', 'fail')
    assert.deepEqual(tell(second, 111, 'fail', 'fail'), [undefined, 'ejected'])
  })

  test('allows one, however small it is', () => {
    const { tell, first } = given({ maxShare: 0.01 })
    assert.deepEqual(tell(first, 100, 'fail', 'fail'), [undefined, 'ejected'])
  })

  test('counts backups among the servers', () => {
    const pool = createPool([
      serverConfig('a'),
      serverConfig('b'),
      serverConfig('c', { backup: true }),
      serverConfig('d', { backup: true }),
    ])
    const rules = new Ejection({ backoff: 1, capMs: undefined, maxShare: 0.5 })
    rules.follow(pool)
    const changes = pool.servers.map((server) => transition(server, 'fail', 100, false, rules))
    assert.deepEqual(changes, ['ejected', 'ejected', 'spared', 'spared'])
  })

  test('is no lower for the way in which binary writes a hundredth', () => {
    const { pool, rules } = given({ maxShare: 0.57 }, 100, { maxFails: 1 })
    const changes = pool.servers.map((server) => transition(server, 'fail', 100, false, rules))
    assert.equal(changes.filter((change) => change === 'ejected').length, 57)
  })

  test('leaves a server out whose probe failed, even if others have gone meanwhile', () => {
    const { tell, first, second } = given({ maxShare: 0.5 })
    tell(first, 100, 'fail', 'fail')
    tell(second, 111, 'fail', 'fail')
    assert.deepEqual(tell(first, 111, 'pick', 'fail'), ['probing', 'ejected'])
  })

  test('is never exceeded by a new ejection, whatever happens', () => {
    const step = fc.record({
      server: fc.nat(4),
      event: fc.constantFrom<HealthEvent>('pick', 'fail', 'fail', 'ok'),
      waitS: fc.constantFrom(0, 0, 0, 1, 5, 12),
    })
    fc.assert(
      fc.property(fc.constantFrom(0.1, 0.4, 0.6, 0.8), fc.array(step), (maxShare, steps) => {
        const { pool, rules } = given({ maxShare, backoff: 2 }, 5)
        const most = Math.max(1, Math.floor(maxShare * 5 + 1e-9))
        let nowS = 1_000
        for (const { server: index, event, waitS } of steps) {
          nowS += waitS
          const server = pool.servers[index]!
          const wasWell = healthOf(server).kind === 'up'
          const change = transition(server, event, nowS, false, rules)
          if (!wasWell || change !== 'ejected') continue
          assert.ok(pool.servers.filter((one) => one.ejected(nowS)).length <= most)
        }
      }),
    )
  })
})
