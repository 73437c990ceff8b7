import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BoundedLoad } from '#core/picker/bounded-load.js'
import { ConsistentHash } from '#core/picker/consistent-hash.js'
import { createHash } from '#core/picker/hash.js'
import { createPool, type Pool } from '#core/servers/pool.js'
import type { Server } from '#core/servers/server.js'
import { attempts, eject, equalServers, NOW_S, selectionFor, serverConfig } from './fixtures.js'

const bounded = (pool: Pool, loadFactor: number) =>
  new BoundedLoad(new ConsistentHash(pool), pool, loadFactor)

/** Whether `server` may take one more, by the definition and over the servers in service. */
function withinBound(server: Server, inService: readonly Server[], loadFactor: number): boolean {
  const active = inService.reduce((sum, { active }) => sum + active, 0)
  const weight = inService.reduce((sum, { weight }) => sum + weight, 0)
  const bound = Math.ceil((loadFactor * (active + 1) * server.weight) / weight)
  return server.active + 1 <= bound
}

const member = fc.record({
  weight: fc.integer({ min: 1, max: 6 }),
  active: fc.nat({ max: 12 }),
  ejected: fc.boolean(),
})

for (const [name, createInner] of [
  ['hash consistent', (pool: Pool) => new ConsistentHash(pool)],
  ['hash', createHash],
] as const) {
  test(`${name}: the first server of the key's order that is within the bound is picked`, () => {
    fc.assert(
      fc.property(
        fc.array(member, { minLength: 2, maxLength: 8 }),
        // Binary fractions, lest the definition above round where the picker does not.
        fc.constantFrom(1, 1.25, 1.5, 2),
        fc.string({ minLength: 1 }),
        (members, loadFactor, key) => {
          const pool = createPool(
            members.map(({ weight }, i) => serverConfig(`10.0.0.${i}:80`, { weight })),
          )
          pool.servers.forEach((server, i) => {
            server.active = members[i]!.active
            if (members[i]!.ejected) eject(server)
          })
          const inService = pool.servers.filter((server) => server.available(NOW_S))
          const order = attempts(createInner(pool), selectionFor(key))
          const expected = order.find((server) => withinBound(server, inService, loadFactor))
          const picked = new BoundedLoad(createInner(pool), pool, loadFactor)
          assert.equal(picked.pick(selectionFor(key), NOW_S)?.address, expected?.address)
          assert.equal(expected === undefined, inService.length === 0)
        },
      ),
    )
  })
}

test('while nobody is over the bound a key stays at home', () => {
  const pool = equalServers(10)
  const picker = bounded(pool, 1.25)
  const plain = new ConsistentHash(pool)
  for (const server of pool.servers) server.active = 100
  for (let i = 0; i < 500; i += 1) {
    const selection = selectionFor(`session-${i}`)
    assert.equal(picker.pick(selection, NOW_S), plain.pick(selectionFor(selection.key), NOW_S))
  }
})

test('requests that stay never bring a server of 10 above 1.25 times the mean, rounded up', () => {
  const pool = equalServers(10)
  const picker = bounded(pool, 1.25)
  for (let i = 1; i <= 2_000; i += 1) {
    picker.pick(selectionFor(`session-${i}`), NOW_S)!.active += 1
    const peak = Math.max(...pool.servers.map((server) => server.active))
    assert.ok(peak <= Math.ceil((1.25 * i) / 10), `${peak} after ${i}`)
  }
})

test('a single hot key spills over along its ring, in the order of its attempts', () => {
  const pool = equalServers(4)
  const order = attempts(new ConsistentHash(pool), selectionFor('hot'))
  const picker = bounded(pool, 2)
  const reached: Server[] = []
  for (let i = 0; i < 40; i += 1) {
    const server = picker.pick(selectionFor('hot'), NOW_S)!
    server.active += 1
    if (!reached.includes(server)) reached.push(server)
  }
  assert.deepEqual(reached, order.slice(0, reached.length))
  // Twice the mean on one server leaves half of the load to the others.
  assert.equal(order[0]?.active, 20)
})

test('the bound is gone from the request after the pick', () => {
  const pool = equalServers(3)
  pool.servers[0]!.active = 1_000
  const selection = selectionFor('alice')
  bounded(pool, 1).pick(selection, NOW_S)
  assert.equal(selection.admits(pool.servers[0]!, NOW_S), true)
})

test('the share of an ejected server falls to the others', () => {
  const pool = equalServers(2)
  const [a, b] = pool.servers
  const picker = bounded(pool, 1)
  eject(a!)
  b!.active = 1_000
  assert.equal(picker.pick(selectionFor('alice'), NOW_S), b)
})
