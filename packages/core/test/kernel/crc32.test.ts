import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 as zlibCrc32 } from 'node:zlib'
import fc from 'fast-check'
import { crc32, crc32LittleEndian } from '#core/kernel/crc32.js'

const bytes = fc.uint8Array({ maxLength: 64 })
const text = (from: Uint8Array): string => Buffer.from(from).toString('latin1')

test('the check value of the CRC-32 standard comes out', () => {
  assert.equal(crc32('123456789'), 0xcbf43926)
  assert.equal(crc32(''), 0)
})

test('any bytes give what zlib gives, as an unsigned number', () => {
  fc.assert(
    fc.property(bytes, (given) => {
      assert.equal(crc32(text(given)), zlibCrc32(given))
    }),
  )
})

test('a text in two parts gives the same as the whole', () => {
  fc.assert(
    fc.property(bytes, bytes, (head, tail) => {
      assert.equal(crc32(text(tail), crc32(text(head))), zlibCrc32(Buffer.concat([head, tail])))
    }),
  )
})

test('a number is appended as four bytes, the least significant first', () => {
  fc.assert(
    fc.property(bytes, fc.integer({ min: 0, max: 0xffff_ffff }), (head, word) => {
      const tail = Buffer.alloc(4)
      tail.writeUInt32LE(word)
      const whole = Buffer.concat([head, tail])
      assert.equal(crc32LittleEndian(word, crc32(text(head))), zlibCrc32(whole))
    }),
  )
})
