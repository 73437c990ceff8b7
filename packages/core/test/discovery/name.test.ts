import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type FoundAddress, MOST_ADDRESSES, serversOf } from '#core/discovery/name.js'
import { serverConfig } from '../picker/fixtures.js'
import { nameConfig } from './fixtures.js'

const ips = (...list: string[]): FoundAddress[] => list.map((ip) => ({ ip }))
const addresses = (found: readonly FoundAddress[], name = nameConfig()): string[] =>
  serversOf(name, found).map(({ address }) => address)

test('each address is a server with the port that is written, IPv6 in brackets', () => {
  assert.deepEqual(addresses(ips('10.0.0.2', '10.0.0.1', 'fd00::1')), [
    '10.0.0.1:8080',
    '10.0.0.2:8080',
    '[fd00::1]:8080',
  ])
  assert.deepEqual(addresses(ips('10.0.0.1', 'fd00::1'), nameConfig({ port: undefined })), [
    '10.0.0.1',
    '[fd00::1]',
  ])
})

test('the order of an answer does not matter, nor do its repetitions', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.ipV4(), { minLength: 1 }), fc.array(fc.nat()), (list, order) => {
      const sorted = addresses(ips(...list))
      const shuffled = order.map((n) => list[n % list.length] ?? '').concat(list)
      assert.deepEqual(addresses(ips(...shuffled)), sorted)
      assert.equal(new Set(sorted).size, sorted.length)
    }),
  )
})

test('a server is like its entry, keeps the name, and is called by its own address', () => {
  const like = serverConfig('shop.test:8080', { tls: true, weight: 3, maxFails: 9, incarnation: 7 })
  const [server] = serversOf(nameConfig({ like }), ips('10.0.0.1'))
  assert.deepEqual(server, {
    ...like,
    address: '10.0.0.1:8080',
    id: '10.0.0.1:8080',
    name: 'shop.test:8080',
  })
})

test('an id of the entry stands before the addresses', () => {
  const like = serverConfig('shop.test:8080', { id: 'web' })
  assert.equal(serversOf(nameConfig({ like }), ips('10.0.0.1'))[0]?.id, 'web-10.0.0.1:8080')
})

test("SRV records say port and weight; a weight of 0 counts as 1, and the entry's multiplies", () => {
  const like = serverConfig('shop.test', { weight: 10 })
  const found = [
    { ip: '10.0.0.1', port: 81, weight: 0, priority: 1 },
    { ip: '10.0.0.2', port: 82, weight: 3, priority: 1 },
    { ip: '10.0.0.3', port: 83, weight: 65_535, priority: 1 },
  ]
  const servers = serversOf(nameConfig({ like, port: undefined }), found)
  assert.deepEqual(
    servers.map(({ address, weight, backup, name }) => [address, weight, backup, name]),
    [
      ['10.0.0.1:81', 10, false, 'shop.test'],
      ['10.0.0.2:82', 30, false, 'shop.test'],
      ['10.0.0.3:83', 65_535, false, 'shop.test'],
    ],
  )
})

test('records of a lower priority are backups, or left out where the balance knows none', () => {
  const found = [
    { ip: '10.0.0.1', port: 80, priority: 20 },
    { ip: '10.0.0.2', port: 80, priority: 10 },
  ]
  const backups = serversOf(nameConfig(), found).map(({ address, backup }) => [address, backup])
  assert.deepEqual(backups, [
    ['10.0.0.1:80', true],
    ['10.0.0.2:80', false],
  ])
  assert.deepEqual(addresses(found, nameConfig({ backups: false })), ['10.0.0.2:80'])
  const twice = [...found, { ip: '10.0.0.1', port: 80, priority: 10 }]
  assert.equal(serversOf(nameConfig(), twice)[0]?.backup, false)
})

test('of thousands of addresses the same thousand are used everywhere', () => {
  const many = Array.from({ length: 4_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`)
  const list = addresses(ips(...many))
  assert.equal(list.length, MOST_ADDRESSES)
  assert.deepEqual(addresses(ips(...many.reverse())), list)
})
