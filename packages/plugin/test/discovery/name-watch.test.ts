import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FoundAddress, NameConfig, Random } from '@holdfast/core'
import type { FastifyBaseLogger } from 'fastify'
import { NameLookup } from '#plugin/discovery/name-lookup.js'
import { NameWatch } from '#plugin/discovery/name-watch.js'
import { Trouble } from '#plugin/discovery/trouble.js'
import { FakeNameServer } from '../fixtures/name-servers.js'
import { VirtualTime } from '../fixtures/virtual-time.js'

const never: Random = { below: () => 0, fill: () => {} }
const NAME = { host: 'shop.test', service: undefined, resolveMs: 5_000 } as NameConfig

function given(dns = new FakeNameServer()) {
  const time = new VirtualTime()
  const said: string[] = []
  const heard: string[] = []
  const log = {
    warn: ({ reason }: { reason: string }) => said.push(reason),
    info: () => said.push('over'),
  } as unknown as FastifyBaseLogger
  const onFound = (found: readonly FoundAddress[]) => heard.push(found.map(({ ip }) => ip).join())
  const ports = { lookup: new NameLookup(dns), timers: time, random: never }
  const start = () => new NameWatch(NAME, ports, onFound, new Trouble(log, {}))
  return { dns, time, said, heard, start }
}

test('a name is looked up at once, and then every interval', async () => {
  const { dns, time, heard, start } = given()
  dns.set('shop.test', 4, '10.0.0.1')
  await start().first
  assert.deepEqual(heard, ['10.0.0.1'])
  dns.set('shop.test', 4, '10.0.0.1', '10.0.0.2')
  await time.pass(4_999)
  assert.equal(heard.length, 1)
  await time.pass(1)
  assert.deepEqual(heard.at(-1), '10.0.0.1,10.0.0.2')
})

test('an answer with a time to live of 0 is asked for again after a second', async () => {
  const { dns, time, heard, start } = given()
  dns.zone.set('4 shop.test', [{ ip: '10.0.0.1', ttlMs: 0 }])
  start()
  await time.pass(10_000)
  assert.equal(heard.length, 11)
})

test('failures change nothing, are said once, and so is their end', async () => {
  const { dns, time, said, heard, start } = given()
  dns.set('shop.test', 4, '10.0.0.1')
  start()
  await time.pass(1_000)
  dns.fail('shop.test', 4)
  dns.fail('shop.test', 6)
  await time.pass(60_000)
  assert.equal(said.length, 1)
  assert.match(said[0] ?? '', /ETIMEOUT/)
  dns.set('shop.test', 4, '10.0.0.2')
  dns.set('shop.test', 6)
  await time.pass(60_000)
  assert.deepEqual(said.slice(1), ['over'])
  assert.equal(heard.at(-1), '10.0.0.2')
})

test('a name that suddenly has no address keeps those that it had', async () => {
  const { dns, time, said, heard, start } = given()
  dns.set('shop.test', 4, '10.0.0.1')
  start()
  await time.pass(1_000)
  dns.set('shop.test', 4)
  await time.pass(60_000)
  assert.deepEqual(new Set(heard), new Set(['10.0.0.1']))
  assert.deepEqual(said, ['the name has no address'])
})

test('thousands of addresses are said to be too many, once', async () => {
  const { dns, time, said, start } = given()
  const many = Array.from({ length: 3_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`)
  dns.set('shop.test', 4, ...many)
  start()
  await time.pass(60_000)
  assert.deepEqual(said, ['only 1000 of 3000 addresses are used'])
})

test('a closed watch asks no more, not even when an answer comes after it', async () => {
  const { dns, time, heard, start } = given()
  dns.set('shop.test', 4, '10.0.0.1')
  start().close()
  await time.pass(60_000)
  assert.deepEqual(heard, [])
  assert.equal(time.pending, 0)
})
