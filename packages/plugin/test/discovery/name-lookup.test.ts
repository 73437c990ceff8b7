import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NameConfig } from '@holdfast/core'
import { NameLookup } from '#plugin/discovery/name-lookup.js'
import { FakeNameServer } from '../fixtures/name-servers.js'

const HOST: Pick<NameConfig, 'host' | 'service'> = { host: 'shop.test', service: undefined }
const SERVICE = { host: 'shop.test', service: '_http._tcp.shop.test' }

function given() {
  const dns = new FakeNameServer()
  const lookup = new NameLookup(dns)
  const find = (name = HOST) => lookup.find(name as NameConfig)
  const ips = async (name = HOST) => (await find(name)).found.map(({ ip }) => ip)
  return { dns, find, ips }
}

test('a name leads to its addresses of both families', async () => {
  const { dns, ips } = given()
  dns.set('shop.test', 4, '10.0.0.1', '10.0.0.2')
  dns.set('shop.test', 6, 'fd00::1')
  assert.deepEqual(await ips(), ['10.0.0.1', '10.0.0.2', 'fd00::1'])
})

test('the shortest time to live counts', async () => {
  const { dns, find } = given()
  dns.zone.set('4 shop.test', [
    { ip: '10.0.0.1', ttlMs: 9_000 },
    { ip: '10.0.0.2', ttlMs: 4_000 },
  ])
  dns.zone.set('6 shop.test', [{ ip: 'fd00::1', ttlMs: 7_000 }])
  assert.equal((await find()).ttlMs, 4_000)
})

test('a name without addresses is found to have none', async () => {
  const { find } = given()
  assert.deepEqual(await find(), { found: [], ttlMs: undefined, problems: [] })
})

test('a family that fails leaves its part of the last answer standing, and says so', async () => {
  const { dns, find, ips } = given()
  dns.set('shop.test', 4, '10.0.0.1')
  dns.set('shop.test', 6, 'fd00::1')
  await find()
  dns.set('shop.test', 4, '10.0.0.2')
  dns.fail('shop.test', 6)
  assert.deepEqual(await ips(), ['10.0.0.2', 'fd00::1'])
  assert.deepEqual((await find()).problems, ['queryETIMEOUT shop.test'])
})

test('a family that has never answered does not keep the other one back', async () => {
  const { dns, ips } = given()
  dns.set('shop.test', 4, '10.0.0.1')
  dns.fail('shop.test', 6, 'ESERVFAIL')
  assert.deepEqual(await ips(), ['10.0.0.1'])
})

test('a lookup of which nothing came is an error', async () => {
  const { dns, find } = given()
  dns.fail('shop.test', 4)
  await assert.rejects(find(), /ETIMEOUT/)
})

test('a service leads to the addresses of its targets, each with its record', async () => {
  const { dns, find } = given()
  dns.serviceZone.set(SERVICE.service, [
    { target: 'a.test', port: 81, priority: 1, weight: 5 },
    { target: 'a.test', port: 82, priority: 2, weight: 0 },
    { target: 'b.test', port: 83, priority: 1, weight: 7 },
  ])
  dns.set('a.test', 4, '10.0.0.1')
  dns.set('b.test', 6, 'fd00::2')
  assert.deepEqual((await find(SERVICE)).found, [
    { ip: '10.0.0.1', port: 81, priority: 1, weight: 5 },
    { ip: '10.0.0.1', port: 82, priority: 2, weight: 0 },
    { ip: 'fd00::2', port: 83, priority: 1, weight: 7 },
  ])
})

test('a target is looked up once, and the root is none', async () => {
  const { dns, find } = given()
  const target = (name: string, port: number) => ({ target: name, port, priority: 0, weight: 0 })
  dns.serviceZone.set(SERVICE.service, [target('a.test', 1), target('a.test', 2), target('', 0)])
  assert.deepEqual((await find(SERVICE)).found, [])
  assert.deepEqual(dns.asked, [SERVICE.service, '4 a.test', '6 a.test'])
})

test('a target that fails costs its service nothing that was known', async () => {
  const { dns, find, ips } = given()
  const target = (name: string) => ({ target: name, port: 80, priority: 0, weight: 0 })
  dns.serviceZone.set(SERVICE.service, [target('a.test'), target('b.test')])
  dns.set('a.test', 4, '10.0.0.1')
  dns.set('b.test', 4, '10.0.0.2')
  await find(SERVICE)
  dns.fail('b.test', 4)
  assert.deepEqual(await ips(SERVICE), ['10.0.0.1', '10.0.0.2'])
})
