import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 as zlibCrc32 } from 'node:zlib'
import fc from 'fast-check'
import { crc32 } from '#core/kernel/crc32.js'
import { Ring } from '#core/picker/ring.js'
import { createPool } from '#core/servers/pool.js'
import { equalServers, serverConfig } from './fixtures.js'

const ringOf = (...addresses: string[]): Ring =>
  new Ring(createPool(addresses.map((address) => serverConfig(address))).primaries)

const owner = (ring: Ring, index: number): string | undefined => ring.serversAt(index)[0]?.address

const points = (ring: Ring): Array<[number, string | undefined]> =>
  Array.from({ length: ring.size }, (_, i) => [ring.hashAt(i), owner(ring, i)])

const hashes = (ring: Ring): number[] => points(ring).map(([hash]) => hash)

/** All points of a host and port as nginx makes them, sorted; from bytes, by zlib. */
function nginxPoints(host: string, port: string, weight: number): number[] {
  const head = Buffer.from(`${host}\0${port}`)
  let hash = 0
  return Array.from({ length: 160 * weight }, () => {
    const previous = Buffer.alloc(4)
    previous.writeUInt32LE(hash)
    hash = zlibCrc32(Buffer.concat([head, previous]))
    return hash
  }).sort((a, b) => a - b)
}

test('the points of nginx come out', () => {
  const ring = ringOf('127.0.0.1:8081', '127.0.0.1:8082', '127.0.0.1:8083')
  assert.equal(ring.size, 480)
  assert.deepEqual(points(ring).slice(0, 3), [
    [0x0d1815, '127.0.0.1:8081'],
    [0x3ffe29, '127.0.0.1:8081'],
    [0x578371, '127.0.0.1:8083'],
  ])
  assert.deepEqual(points(ring).at(-1), [0xffd03b3d, '127.0.0.1:8081'])
  for (const [port, hash] of [
    [8081, 0x50aabcf7],
    [8081, 0xb8dc900a],
    [8082, 0x170ac627],
    [8082, 0xc6f1d61f],
  ] as const) {
    const index = ring.locate(hash)
    assert.deepEqual([ring.hashAt(index), owner(ring, index)], [hash, `127.0.0.1:${port}`])
  }
})

test('the keys of nginx fall on its points', () => {
  const ring = ringOf('127.0.0.1:8081', '127.0.0.1:8082', '127.0.0.1:8083')
  for (const [key, index, address] of [
    ['alice', 85, '127.0.0.1:8082'],
    ['bob', 468, '127.0.0.1:8083'],
    ['carol', 215, '127.0.0.1:8081'],
    ['192.0.2.1', 423, '127.0.0.1:8083'],
  ] as const) {
    const found = ring.locate(crc32(key))
    assert.deepEqual([found, owner(ring, found)], [index, address])
  }
})

for (const [address, host, port] of [
  ['10.0.0.1:8080', '10.0.0.1', '8080'],
  ['app.example', 'app.example', ''],
  ['app.example:', 'app.example', ''],
  ['[2001:db8::1]:8080', '[2001:db8::1]', '8080'],
  ['[2001:db8::1]', '[2001:db8::1]', ''],
  ['::1', ':', '1'],
  ['10.0.0.1', '10.0.0.1', ''],
  ['app:80a', 'app:80a', ''],
  ['unix:/run/app.sock', '/run/app.sock', ''],
  ['UNIX:/run/app:80', '/run/app:80', ''],
  ['bücher.example:80', 'bücher.example', '80'],
] as const) {
  test(`'${address}' is host '${host}' and port '${port}' to the ring`, () => {
    assert.deepEqual(hashes(ringOf(address)), nginxPoints(host, port, 1))
  })
}

test('weight multiplies the points, and the first ones stay where they were', () => {
  const [light] = createPool([serverConfig('10.0.0.1:80')]).primaries
  const [heavy] = createPool([serverConfig('10.0.0.1:80', { weight: 3 })]).primaries
  assert.deepEqual(hashes(new Ring([heavy!])), nginxPoints('10.0.0.1', '80', 3))
  const all = new Set(hashes(new Ring([heavy!])))
  assert.ok(hashes(new Ring([light!])).every((hash) => all.has(hash)))
})

test('servers with one address share its points, as many as the heaviest has', () => {
  const pool = createPool([
    serverConfig('10.0.0.1:80', { incarnation: 1 }),
    serverConfig('10.0.0.2:80'),
    serverConfig('10.0.0.1:80', { incarnation: 2, weight: 2 }),
  ])
  const ring = new Ring(pool.primaries)
  const owners = Array.from({ length: ring.size }, (_, i) => ring.serversAt(i).length)
  assert.equal(owners.filter((count) => count === 2).length, 320)
  assert.equal(owners.filter((count) => count === 1).length, 160)
})

test('two servers that meet in one point keep it once, and in any order of the list the same', () => {
  const [one, other] = ['10.0.0.122:8080', '10.0.0.218:8080']
  const met = 3_343_200_412
  const ring = ringOf(one, other)
  assert.equal(ring.size, 319)
  assert.equal(ring.hashAt(ring.locate(met)), met)
  assert.deepEqual(points(ringOf(other, one)), points(ring))
})

test('the look-up finds the first point at or after a hash, and goes round at the end', () => {
  const ring = new Ring(equalServers(5).primaries)
  const all = hashes(ring)
  const edges = all.flatMap((hash) => [hash - 1, hash, hash + 1])
  fc.assert(
    fc.property(
      fc.oneof(fc.constantFrom(...edges), fc.integer({ min: 0, max: 0xffff_ffff })),
      (hash) => {
        const first = all.findIndex((point) => point >= hash)
        assert.equal(ring.locate(hash), first === -1 ? 0 : first)
      },
    ),
  )
})

test('the points are in order and each is there once', () => {
  const all = hashes(new Ring(equalServers(100).primaries))
  assert.ok(all.length > 15_990)
  assert.ok(all.every((hash, i) => i === 0 || hash > all[i - 1]!))
})

// The first two meet in a point, so one of them has something to hide.
const meeting = [
  '10.0.0.122:8080',
  '10.0.0.218:8080',
  '10.0.0.3:8080',
  '10.0.0.4:8080',
  'e:1',
  'f:1',
]

const members = fc.array(
  fc.record({ address: fc.constantFrom(...meeting), weight: fc.integer({ min: 1, max: 3 }) }),
  { maxLength: 7 },
)

test('a ring made from the one before is the ring that the servers make alone', () => {
  fc.assert(
    fc.property(fc.array(members, { minLength: 2, maxLength: 8 }), (lists) => {
      let before: Ring | undefined
      for (const list of lists) {
        const { primaries } = createPool(
          list.map(({ address, weight }, incarnation) =>
            serverConfig(address, { weight, incarnation }),
          ),
        )
        const [ring, alone] = [new Ring(primaries, before), new Ring(primaries)]
        assert.deepEqual(points(ring), points(alone))
        for (let i = 0; i < ring.size; i += 1) {
          assert.deepEqual(ring.serversAt(i), alone.serversAt(i))
          assert.equal(ring.locate(ring.hashAt(i)), i)
        }
        before = ring
      }
    }),
    { numRuns: 50 },
  )
})

test('what was hidden behind a server comes forth when that server goes', () => {
  const [one, other] = meeting.map((address) => createPool([serverConfig(address)]).primaries[0]!)
  const both = new Ring([one!, other!])
  for (const left of [one!, other!]) {
    assert.deepEqual(points(new Ring([left], both)), points(new Ring([left])))
  }
})
