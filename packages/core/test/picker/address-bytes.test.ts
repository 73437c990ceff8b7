import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addressBytes } from '#core/picker/address-bytes.js'

/** The bytes of `address` in hex, over whatever the buffer held before. */
function hex(address: string): string {
  const bytes = new Uint8Array(16).fill(0xee)
  const count = addressBytes(address, bytes)
  return Buffer.from(bytes.subarray(0, count)).toString('hex')
}

for (const [address, bytes] of [
  ['0.0.0.0', '00000000'],
  ['255.1.20.3', 'ff011403'],
  ['::', '00000000000000000000000000000000'],
  ['::1', '00000000000000000000000000000001'],
  ['1::', '00010000000000000000000000000000'],
  ['2001:db8::a:b', '20010db80000000000000000000a000b'],
  ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
  ['1:2:3:4:5:6:7::', '00010002000300040005000600070000'],
  ['::2:3:4:5:6:7:8', '00000002000300040005000600070008'],
  ['ABCD:EF01::', 'abcdef01000000000000000000000000'],
  ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
  ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221'],
  ['1:2:3:4:5:6:7.8.9.10', '0001000200030004000500060708090a'],
  ['fe80::1%eth0', 'fe800000000000000000000000000001'],
  ['fe80::%1', 'fe800000000000000000000000000000'],
  ['', ''],
  ['unix:', ''],
  ['10.0.0', ''],
  ['10.0.0.256', ''],
  ['[::1]', ''],
  ['1::2::3', ''],
] as const) {
  test(`'${address}' is ${bytes === '' ? 'no address' : bytes}`, () => {
    assert.equal(hex(address), bytes)
  })
}

const group = fc.integer({ min: 0, max: 0xffff })
const text = (groups: number[]): string => groups.map((g) => g.toString(16)).join(':')
const bytesOf = (groups: number[]): string =>
  groups.map((g) => g.toString(16).padStart(4, '0')).join('')

test('eight groups give their sixteen bytes', () => {
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      assert.equal(hex(text(groups)), bytesOf(groups))
    }),
  )
})

test('two colons stand for as many zeros as are missing, wherever they are', () => {
  fc.assert(
    fc.property(fc.array(group, { maxLength: 7 }), fc.nat({ max: 7 }), (groups, at) => {
      const [head, tail] = [groups.slice(0, at), groups.slice(at)]
      const zeros = new Array<number>(8 - groups.length).fill(0)
      assert.equal(hex(`${text(head)}::${text(tail)}`), bytesOf([...head, ...zeros, ...tail]))
    }),
  )
})
