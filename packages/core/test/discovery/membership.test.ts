import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Membership, sameServers } from '#core/discovery/membership.js'
import { createSeededRandom } from '#core/kernel/random.js'
import { Upstream } from '#core/upstream.js'
import { serverConfig } from '../picker/fixtures.js'
import { configs, show } from './fixtures.js'

const RULES = { settleMs: 10_000, lingerMs: 60_000 }

function given(rules = RULES) {
  const membership = new Membership(rules)
  membership.arrange(['dns'], rules)
  return {
    membership,
    hear: (nowMs: number, ...addresses: string[]) =>
      membership.hear('dns', configs(...addresses), nowMs),
    at: (nowMs: number) => show(membership.list(nowMs)),
  }
}

describe('A source of servers', () => {
  test('serves at once with what it says first', () => {
    const { hear, at } = given()
    assert.deepEqual(at(0), [])
    hear(1, 'b', 'a')
    assert.deepEqual(at(1), ['a', 'b'])
  })

  test('has a server that joins later settle before it takes sessions', () => {
    const { membership, hear, at } = given()
    hear(0, 'a')
    hear(1_000, 'a', 'b')
    assert.deepEqual(at(10_999), ['a', 'b settling'])
    assert.equal(membership.dueMs(1_000), 11_000)
    assert.deepEqual(at(11_000), ['a', 'b fresh'])
  })

  test('has a server that it does not name any more drain for a while', () => {
    const { membership, hear, at } = given()
    hear(0, 'a', 'b')
    hear(1_000, 'a')
    assert.deepEqual(at(60_999), ['a', 'b leaving'])
    assert.equal(membership.dueMs(1_000), 61_000)
    assert.deepEqual(at(61_000), ['a'])
  })

  test('takes one back that it names again: that one is known everywhere', () => {
    const { hear, at } = given()
    hear(0, 'a', 'b')
    for (let nowMs = 1_000; nowMs < 200_000; nowMs += 1_000) {
      if (nowMs % 2_000 === 0) hear(nowMs, 'a', 'b')
      else hear(nowMs, 'a')
      assert.equal(at(nowMs).length, 2)
      assert.ok(!at(nowMs).includes('b settling'))
    }
    hear(200_000, 'a', 'b')
    assert.deepEqual(at(200_000), ['a', 'b'])
  })

  test('does not lose the server of which it says something unusable', () => {
    const { membership, at } = given()
    membership.hear('dns', configs('a', 'b'), 0)
    membership.hear('dns', configs('a'), 1_000, ['b', 'c'])
    assert.deepEqual(at(1_000), ['a', 'b'])
  })

  test('replaces a server at once when its address has another incarnation', () => {
    const { membership, at } = given()
    membership.hear('dns', [...configs('a'), serverConfig('b', { incarnation: 1 })], 0)
    membership.hear('dns', [...configs('a'), serverConfig('b', { incarnation: 2 })], 1_000)
    assert.deepEqual(at(1_000), ['a', 'b settling'])
    assert.equal(membership.list(1_000)[1]?.incarnation, 2)
  })

  test('does not have everybody settle when all servers are new', () => {
    const { hear, at } = given()
    hear(0, 'a', 'b')
    hear(1_000, 'c', 'd')
    assert.deepEqual(at(1_000), ['a leaving', 'b leaving', 'c fresh', 'd fresh'])
  })

  test('does not have everybody settle when those before them drain or stand by', () => {
    const { membership, at } = given()
    membership.hear('dns', [serverConfig('a', { backup: true }), ...configs('b')], 0)
    membership.hear(
      'dns',
      [serverConfig('a', { backup: true }), serverConfig('b', { drain: true }), ...configs('c')],
      1_000,
    )
    assert.deepEqual(at(1_000), ['a', 'b', 'c fresh'])
  })
})

describe('A rollout', () => {
  test('goes on while servers come and go, and those that joined in it stay fresh', () => {
    const { hear, at } = given()
    hear(0, 'a', 'b')
    hear(1_000, 'a', 'b', 'c')
    hear(200_000, 'b', 'c', 'd')
    assert.deepEqual(at(270_000), ['b', 'c fresh', 'd fresh'])
    assert.deepEqual(at(499_999), ['b', 'c fresh', 'd fresh'])
  })

  test('is over when nobody has come or gone for five minutes', () => {
    const { membership, hear, at } = given()
    hear(0, 'a')
    hear(1_000, 'a', 'b')
    assert.equal(membership.dueMs(11_000), 301_000)
    assert.deepEqual(at(301_000), ['a', 'b'])
    hear(400_000, 'a', 'b', 'c')
    assert.deepEqual(at(410_000), ['a', 'b', 'c fresh'])
    assert.equal(membership.dueMs(700_000), Number.POSITIVE_INFINITY)
  })
})

describe('The list', () => {
  test('has servers and sources where they are listed', () => {
    const membership = new Membership(RULES)
    const [first, last] = [serverConfig('first'), serverConfig('last')]
    membership.arrange([first, 'one', 'two', last], RULES)
    membership.hear('two', configs('d', 'c'), 0)
    membership.hear('one', configs('z'), 0)
    assert.deepEqual(show(membership.list(0)), ['first', 'z', 'c', 'd', 'last'])
  })

  test('has an address once, though two sources name it', () => {
    const membership = new Membership(RULES)
    membership.arrange([serverConfig('a', { weight: 5 }), 'dns'], RULES)
    membership.hear('dns', configs('a', 'b'), 0)
    assert.deepEqual(
      membership.list(0).map(({ address, weight }) => [address, weight]),
      [
        ['a', 5],
        ['b', 1],
      ],
    )
  })

  test('has every id once: the second server of a name goes by its address', () => {
    const membership = new Membership(RULES)
    membership.arrange([serverConfig('a', { id: 'web' }), 'dns'], RULES)
    membership.hear('dns', [serverConfig('b', { id: 'web' })], 0)
    assert.deepEqual(
      membership.list(0).map(({ id }) => id),
      ['web', 'b'],
    )
  })

  test('forgets a source that is listed no more, and keeps what the others said', () => {
    const membership = new Membership(RULES)
    membership.arrange(['one', 'two'], RULES)
    membership.hear('one', configs('a'), 0)
    membership.hear('two', configs('b'), 0)
    membership.arrange(['two'], RULES)
    assert.deepEqual(show(membership.list(0)), ['b'])
  })

  test('is the same as before unless a server or its stage is another', () => {
    const { membership, hear } = given()
    hear(0, 'a', 'b')
    const before = membership.list(0)
    hear(5_000, 'b', 'a')
    assert.ok(sameServers(before, membership.list(5_000)))
    hear(6_000, 'a')
    assert.ok(!sameServers(before, membership.list(6_000)))
  })

  test('is never empty once a source has named a server, and always sorted and unique', () => {
    const answers = fc.array(
      fc.tuple(
        fc.nat(30_000),
        fc.uniqueArray(fc.constantFrom(...'abcdefgh'), { minLength: 1, maxLength: 8 }),
      ),
      { minLength: 1, maxLength: 40 },
    )
    fc.assert(
      fc.property(answers, (steps) => {
        const { membership, hear } = given()
        let nowMs = 0
        for (const [passedMs, addresses] of steps) {
          nowMs += passedMs
          hear(nowMs, ...addresses)
          const list = membership.list(nowMs)
          const texts = list.map(({ address }) => address)
          assert.deepEqual(texts, [...new Set(texts)].sort())
          for (const address of addresses) assert.ok(texts.includes(address))
          // Somebody may always be given a new session.
          const open = list.filter(({ stage }) => stage === undefined || stage === 'fresh')
          assert.ok(open.length > 0, JSON.stringify(show(list)))
          assert.ok(membership.dueMs(nowMs) > nowMs)
        }
      }),
    )
  })
})

test('an upstream misses nothing that comes due while it makes its list', () => {
  // Every look at the clock costs a little time.
  let nowMs = 0
  const clock = { now: () => (nowMs += 0.4), wall: () => 0 }
  const upstream = new Upstream(
    { name: 'shop', discover: () => assert.fail('the test tells'), settle: '100ms' },
    { clock, random: createSeededRandom(1) },
  )
  upstream.hearDiscovered(['a'])
  upstream.hearDiscovered(['a', 'b'])
  const dueMs = upstream.reviewDueMs
  // As Node's timers may, it fires a little early.
  nowMs = dueMs - 0.5
  upstream.review()
  assert.equal(upstream.servers[1]?.mode, 'drain')
  assert.equal(upstream.reviewDueMs, dueMs)
})
