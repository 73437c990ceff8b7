import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CookieConfig } from '#core/affinity/config.js'
import { cookieConfig, cookieOf, Gateway, poolOf } from './fixtures.js'

const sealed = (given: Partial<CookieConfig> = {}) =>
  new Gateway(cookieConfig(given), poolOf('10.0.0.1:80', '10.0.0.2:80'))

for (const [limit, config] of [
  ['idle', { idleMs: 600_000, renew: false }],
  ['maxLife', { maxLifeMs: 600_000 }],
] as const) {
  test(`${limit} is enforced to the second, also on a value that was read before`, () => {
    const gateway = sealed(config)
    const cookie = gateway.issue()
    gateway.clock.seconds += 600
    assert.equal(gateway.read(cookie).server, gateway.server(0))
    gateway.clock.seconds += 1
    const binding = gateway.read(cookie)
    assert.equal(binding.lost, 'expired')
    assert.equal(binding.session, undefined)
  })
}

test('a renewed session slides along its idle limit, but not beyond its longest life', () => {
  const gateway = sealed({ idleMs: 80_000, maxLifeMs: 1_000_000 })
  let cookie = gateway.issue()
  const { session } = gateway.read(cookie)
  for (let life = 0; life < 1000; life += 50) {
    gateway.clock.seconds += 50
    cookie = cookieOf(gateway.answer(gateway.server(0), 'kept', { cookies: cookie }))
    assert.equal(gateway.read(cookie).session?.id, session?.id)
    assert.equal(gateway.read(cookie).session?.issuedS, session?.issuedS)
  }
  gateway.clock.seconds += 1
  assert.equal(gateway.read(cookie).lost, 'expired')
})

for (const [what, config, eighthS] of [
  ['expires', { expires: 80_000 }, 10],
  ['idle', { idleMs: 800_000 }, 100],
  ['the shorter of both', { expires: 80_000, idleMs: 800_000 }, 10],
  ['the shorter of both', { expires: 800_000, idleMs: 80_000 }, 10],
  ['a browser’s longest life, for max', { expires: 'max' }, 50 * 86_400],
] as const) {
  test(`a cookie is due when an eighth of ${what} has passed since it was seen`, () => {
    const gateway = sealed(config)
    const cookies = gateway.issue()
    gateway.clock.seconds += eighthS - 1
    assert.equal(gateway.read(cookies).due, false)
    assert.equal(gateway.answer(gateway.server(0), 'kept', { cookies }), undefined)
    gateway.clock.seconds += 1
    assert.equal(gateway.read(cookies).due, true)
    const renewed = cookieOf(gateway.answer(gateway.server(0), 'kept', { cookies }))
    assert.equal(gateway.read(renewed).due, false)
    assert.equal(gateway.read(renewed).session?.seenS, gateway.clock.seconds)
  })
}

test('without renewal, or without a limit that slides, a cookie is never due', () => {
  for (const config of [{ renew: false, expires: 80_000 }, { maxLifeMs: 80_000 }, {}]) {
    const gateway = sealed(config)
    const cookie = gateway.issue()
    gateway.clock.seconds += 80
    assert.equal(gateway.read(cookie).due, false)
  }
})

test('times up to 60 s ahead of the clock are another replica’s, and beyond that made up', () => {
  const gateway = sealed()
  const cookie = gateway.issue()
  gateway.clock.seconds -= 60
  assert.equal(gateway.read(cookie).server, gateway.server(0))
  gateway.clock.seconds -= 1
  assert.equal(gateway.read(cookie).lost, 'bad-cookie')
})

test('a replica whose clock runs ahead cannot renew a cookie for the others', () => {
  const [slow, fast] = [1, 2].map((seed) => {
    return new Gateway(cookieConfig({ idleMs: 80_000 }), poolOf('10.0.0.1:80'), { seed })
  })
  const cookies = slow!.issue()
  fast!.clock.seconds += 61
  const renewed = cookieOf(fast!.answer(fast!.server(0), 'kept', { cookies }))
  assert.equal(slow!.read(renewed).lost, 'bad-cookie')
  slow!.clock.seconds += 1
  assert.equal(slow!.read(renewed).server, slow!.server(0))
})
