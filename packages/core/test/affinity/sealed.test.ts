import assert from 'node:assert/strict'
import { createHash, hkdfSync, webcrypto } from 'node:crypto'
import { test } from 'node:test'
import type { Binding } from '#core/affinity/binding.js'
import type { CookieConfig } from '#core/affinity/config.js'
import { createCookieAffinity } from '#core/affinity/cookie.js'
import { sessionLabel } from '#core/affinity/session.js'
import { createSeededRandom } from '#core/kernel/random.js'
import {
  cookieConfig,
  cookieOf,
  FakeClock,
  factsOf,
  Gateway,
  poolOf,
  serverConfig,
} from './fixtures.js'

const key = 'a key of sixteen bytes or more'
const otherKey = 'another key, as long as the first'

const sealed = (given: Partial<CookieConfig> = {}, pool = poolOf('10.0.0.1:80', '10.0.0.2:80')) =>
  new Gateway(cookieConfig(given), pool)

function assertRefused(binding: Binding, label?: string): void {
  assert.equal(binding.server, undefined, label)
  assert.equal(binding.session, undefined, label)
  assert.ok(binding.lost === 'bad-cookie' || binding.lost === 'unknown-key', label)
}

/** The format of design 3.2 once more, in one line of steps and by another API. */
async function openByHand(value: string, secret: string, upstream: string, cookie: string) {
  const bytes = Buffer.from(value, 'base64url')
  const material = await webcrypto.subtle.importKey('raw', Buffer.from(secret), 'HKDF', false, [
    'deriveBits',
  ])
  const derive = (info: string, bits: number) =>
    webcrypto.subtle.deriveBits(
      { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: Buffer.from(info) },
      material,
      bits,
    )
  assert.equal(bytes.length, 58)
  assert.equal(bytes[0], 1)
  assert.equal(bytes[1], new Uint8Array(await derive('holdfast kid v1', 8))[0])
  const raw = await derive('holdfast cookie v1', 256)
  const aes = await webcrypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['decrypt'])
  const plain = Buffer.from(
    await webcrypto.subtle.decrypt(
      {
        name: 'AES-GCM',
        iv: bytes.subarray(2, 14),
        additionalData: Buffer.concat([
          Buffer.from(upstream),
          Buffer.from([0]),
          Buffer.from(cookie),
          Buffer.from([0, 1, bytes[1]!]),
        ]),
        tagLength: 128,
      },
      aes,
      bytes.subarray(14),
    ),
  )
  assert.equal(plain.length, 28)
  return {
    server: plain.toString('hex', 0, 8),
    incarnation: plain.readUInt32BE(8),
    issuedS: plain.readUInt32BE(12),
    seenS: plain.readUInt32BE(16),
    session: plain.toString('hex', 20),
  }
}

test('a sealed cookie is, byte for byte, what version 1 says', async () => {
  let next = 0
  const clock = new FakeClock()
  clock.seconds = 1_800_000_000
  const affinity = createCookieAffinity(cookieConfig({ cookie: 'Srv', keys: [key] }), {
    upstream: 'shop',
    clock,
    random: {
      below: () => 0,
      fill: (bytes) => {
        for (let i = 0; i < bytes.length; i += 1) bytes[i] = next++
      },
    },
  })
  const pool = poolOf(serverConfig('10.0.0.1:8080', { incarnation: 0xfedcba98 }))
  affinity.follow(pool)
  const facts = factsOf()
  const binding = affinity.read(facts)
  const server = pool.servers[0]!
  const value = cookieOf(affinity.setCookie({ binding, server, verdict: 'new', facts })).slice(4)
  assert.equal(
    value,
    'AQYICQoLDA0ODxAREhPqGAdpHW6xw7Rk-rAg9DiiKK0w9giBDJaIPBjOyMz-n40gVHggrmRgNdtC8g',
  )
  assert.deepEqual(await openByHand(value, key, 'shop', 'Srv'), {
    server: createHash('sha256').update('10.0.0.1:8080').digest('hex').slice(0, 16),
    incarnation: 0xfedcba98,
    issuedS: 1_800_000_000,
    seenS: 1_800_000_000,
    session: '0001020304050607',
  })
})

test('a sealed cookie leads back to its server and its session on every replica', () => {
  const first = sealed()
  const second = new Gateway(cookieConfig(), first.pool, { seed: 2 })
  const cookie = first.issue(first.server(1))
  for (const gateway of [first, second]) {
    const binding = gateway.read(cookie)
    assert.equal(binding.server, first.server(1))
    assert.equal(binding.source, 'cookie')
    assert.equal(binding.lost, undefined)
    assert.equal(binding.due, false)
    assert.match(binding.session?.id ?? '', /^[\da-f]{16}$/)
    assert.equal(binding.session?.issuedS, first.clock.seconds)
  }
})

test('the value names no address, and two cookies of one server look unrelated', () => {
  const gateway = sealed()
  const [a, b] = [gateway.issue(), gateway.issue()].map((cookie) => cookie.slice(7))
  assert.match(a!, /^[\w-]{78}$/)
  const shared = [...a!].filter((character, i) => i >= 3 && character === b![i]).length
  assert.ok(shared < 12, `${shared} of 75 characters agree`)
})

test('a cookie with any one bit flipped is refused', () => {
  const gateway = sealed()
  const bytes = Buffer.from(gateway.issue().slice(7), 'base64url')
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const forged = Buffer.from(bytes)
    forged[bit >> 3]! ^= 1 << (bit & 7)
    assertRefused(gateway.read(`srv_id=${forged.toString('base64url')}`), `bit ${bit}`)
  }
})

test('a cookie cut short anywhere, or made longer, is refused', () => {
  const gateway = sealed()
  const cookie = gateway.issue()
  for (let length = 'srv_id='.length + 1; length < cookie.length; length += 1) {
    assertRefused(gateway.read(cookie.slice(0, length)), `${length} characters`)
  }
  for (const more of ['A', '=', '==', ' ', '.', 'AAAA', cookie, 'A'.repeat(16_384)]) {
    assertRefused(gateway.read(cookie + more), `with ${more}`)
  }
})

test('another spelling of the same bytes is refused, however lenient the decoder', () => {
  const gateway = sealed()
  const spelling = (change: (value: string) => string) => {
    for (let i = 0; i < 200; i += 1) {
      const value = gateway.issue().slice(7)
      const other = change(value)
      if (other !== value) return { value, other }
    }
    return assert.fail('no cookie had that spelling')
  }
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  for (const change of [
    (value: string) => value.replace('-', '+'),
    (value: string) => value.replace('_', '/'),
    // The last digit carries two bits of content; these decode to the same bytes.
    (value: string) => value.slice(0, -1) + digits[digits.indexOf(value.at(-1)!) ^ 1],
    (value: string) => value.slice(0, -1) + digits[digits.indexOf(value.at(-1)!) ^ 8],
    (value: string) => `${value}==`,
  ]) {
    const { value, other } = spelling(change)
    assert.deepEqual(Buffer.from(other, 'base64url'), Buffer.from(value, 'base64url'))
    assert.ok(gateway.read(`srv_id=${value}`).server !== undefined)
    assertRefused(gateway.read(`srv_id=${other}`), other)
  }
})

test('a cookie is good for its upstream and its name only', () => {
  const pool = poolOf('10.0.0.1:80')
  const shop = new Gateway(cookieConfig(), pool)
  const blog = new Gateway(cookieConfig(), pool, { upstream: 'blog' })
  const renamed = new Gateway(cookieConfig({ cookie: 'other' }), pool)
  const cookie = shop.issue()
  assertRefused(blog.read(cookie))
  assertRefused(renamed.read(cookie.replace('srv_id', 'other')))
  // NUL separates the two names, so that they cannot lend each other letters.
  const joined = new Gateway(cookieConfig({ cookie: 'psrv_id' }), pool, { upstream: 'sho' })
  assertRefused(joined.read(cookie.replace('srv_id', 'psrv_id')))
})

test('a cookie of another key is refused, with and without the same key id', () => {
  const idOf = (secret: string) =>
    new Uint8Array(hkdfSync('sha256', secret, '', 'holdfast kid v1', 1))[0]
  const names = Array.from({ length: 4096 }, (_, i) => `a candidate for a key ${i}`)
  const twin = names.find((name) => idOf(name) === idOf(key))!
  const stranger = names.find((name) => idOf(name) !== idOf(key))!
  const gateway = sealed()
  assert.equal(gateway.read(sealed({ keys: [twin] }).issue()).lost, 'bad-cookie')
  assert.equal(gateway.read(sealed({ keys: [stranger] }).issue()).lost, 'unknown-key')
  const both = new Gateway(cookieConfig({ keys: [twin, key] }), gateway.pool)
  assert.equal(both.read(gateway.issue()).server, gateway.server(0))
  assert.equal(both.affinity.keyIds[0], both.affinity.keyIds[1])
})

test('of 5,000 mutants none is accepted, and each gets a fresh cookie', () => {
  const seed = 20_261_123
  const random = createSeededRandom(seed)
  const gateway = sealed()
  const cookies = [gateway.issue(gateway.server(0)), gateway.issue(gateway.server(1))]
  const characters = 'AZaz09-_+/=.;, "%\u00ff'
  const sessions = new Set<string>()
  for (let i = 0; i < 5000; i += 1) {
    const value = [...cookies[i & 1]!.slice(7)]
    for (let changes = random.below(4); changes >= 0; changes -= 1) {
      const at = random.below(value.length)
      const [from, to] = [random.below(value.length), random.below(value.length)]
      const kind = random.below(4)
      if (kind === 0) value[at] = characters[random.below(characters.length)]!
      if (kind === 1) value.splice(at, 1 + random.below(3))
      if (kind === 2) value.splice(at, 0, characters[random.below(characters.length)]!)
      if (kind === 3) value.splice(at, 0, ...value.slice(Math.min(from, to), Math.max(from, to)))
    }
    const mutant = `srv_id=${value.join('')}`
    if (cookies.some((cookie) => mutant === cookie || mutant.startsWith(`${cookie};`))) continue
    const label = `seed ${seed}, mutant ${i}: ${mutant}`
    const binding = gateway.read(mutant)
    assert.equal(binding.server, undefined, label)
    const fresh = cookieOf(gateway.answer(gateway.server(0), 'moved', { cookies: mutant }))
    sessions.add(gateway.read(fresh).session?.id ?? '')
  }
  assert.ok(sessions.size > 4900, `${sessions.size} sessions`)
})

test('an old key’s cookie is honoured, due, and re-issued under the new key', () => {
  const gateway = sealed({ keys: [key] })
  const cookie = gateway.issue()
  const { session } = gateway.read(cookie)
  gateway.affinity.rotate([otherKey, key])
  const binding = gateway.read(cookie)
  assert.equal(binding.server, gateway.server(0))
  assert.equal(binding.due, true)
  const renewed = cookieOf(gateway.answer(gateway.server(0), 'kept', { cookies: cookie }))
  assert.equal(gateway.read(renewed).due, false)
  assert.deepEqual(gateway.read(renewed).session, session)
  gateway.affinity.rotate([otherKey])
  assert.equal(gateway.read(cookie).lost, 'unknown-key')
  assert.equal(gateway.read(renewed).server, gateway.server(0))
})

test('a rotation in three rollouts re-pins nobody, whichever replica answers', () => {
  const pool = poolOf('10.0.0.1:80')
  const replicas = [1, 2].map((seed) => new Gateway(cookieConfig({ keys: [key] }), pool, { seed }))
  let cookie = replicas[0]!.issue()
  for (const keys of [[key, otherKey], [otherKey, key], [otherKey]]) {
    for (const rolled of replicas) {
      rolled.affinity.rotate(keys)
      for (const replica of replicas) {
        assert.equal(replica.read(cookie).server, pool.servers[0])
        const line = replica.answer(pool.servers[0]!, 'kept', { cookies: cookie })
        if (line !== undefined) cookie = cookieOf(line)
      }
    }
  }
})

test('seals count what the newest key has sealed', () => {
  const gateway = sealed()
  gateway.issue()
  gateway.issue()
  assert.equal(gateway.affinity.seals, 2)
  gateway.affinity.rotate([key, otherKey])
  assert.equal(gateway.affinity.seals, 2)
  gateway.affinity.rotate([otherKey, key])
  assert.equal(gateway.affinity.seals, 0)
})

test('a removed server loses the binding, but the session keeps its name and its issue', () => {
  const gateway = sealed()
  const cookies = gateway.issue(gateway.server(0))
  const { session } = gateway.read(cookies)
  gateway.follow(poolOf('10.0.0.2:80'))
  gateway.clock.seconds += 30
  const lost = gateway.read(cookies)
  assert.equal(lost.lost, 'removed')
  const moved = gateway.read(cookieOf(gateway.answer(gateway.server(0), 'moved', { cookies })))
  assert.equal(moved.server, gateway.server(0))
  assert.equal(moved.session?.id, session?.id)
  assert.equal(moved.session?.issuedS, session?.issuedS)
  assert.equal(moved.session?.seenS, gateway.clock.seconds)
})

test('another incarnation of the same address is another server', () => {
  const gateway = sealed({}, poolOf(serverConfig('10.0.0.1:80', { incarnation: 1 })))
  const cookie = gateway.issue()
  const { session } = gateway.read(cookie)
  gateway.follow(poolOf(serverConfig('10.0.0.1:80', { incarnation: 2 })))
  assert.equal(gateway.read(cookie).lost, 'replaced')
  assert.deepEqual(gateway.read(cookie).session, session)
})

test('a session that is expired, forged or under a retired key starts anew', () => {
  const gateway = sealed({ maxLifeMs: 60_000 })
  const cookie = gateway.issue()
  const { session } = gateway.read(cookie)
  const fresh = (cookies: string) =>
    gateway.read(cookieOf(gateway.answer(gateway.server(0), 'moved', { cookies }))).session
  assert.notEqual(fresh(`${cookie}A`)?.id, session?.id)
  gateway.clock.seconds += 61
  assert.notEqual(fresh(cookie)?.id, session?.id)
  assert.equal(fresh(cookie)?.issuedS, gateway.clock.seconds)
})

test('of several cookies of the name the first that opens counts', () => {
  const gateway = sealed()
  const [a, b] = [gateway.issue(gateway.server(0)), gateway.issue(gateway.server(1))]
  assert.equal(gateway.read(`${a}; ${b}`).server, gateway.server(0))
  assert.equal(gateway.read(`srv_id=old; srv_id=; ${b}; ${a}`).server, gateway.server(1))
})

test('at most four values of the name are looked at', () => {
  const gateway = sealed()
  const cookie = gateway.issue()
  const bad = 'srv_id=bad; '
  assert.equal(gateway.read(bad.repeat(3) + cookie).server, gateway.server(0))
  assert.equal(gateway.read(bad.repeat(4) + cookie).lost, 'bad-cookie')
})

test('a sealed cookie keeps its meaning while the servers around it come and go', () => {
  const gateway = sealed()
  const cookie = gateway.issue(gateway.server(1))
  gateway.follow(poolOf('10.0.0.9:80', '10.0.0.2:80', '10.0.0.1:80'))
  assert.equal(gateway.read(cookie).server?.address, '10.0.0.2:80')
})

test('a session’s label is a hash of its raw bytes', () => {
  const hash = createHash('sha256').update(Buffer.from('0001020304050607', 'hex')).digest('hex')
  assert.equal(sessionLabel('0001020304050607'), hash.slice(0, 8))
})
