import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { byteString } from '#core/kernel/bytes.js'

test('ASCII is its own byte string', () => {
  assert.equal(byteString('user-42\x7f'), 'user-42\x7f')
  assert.equal(byteString(''), '')
})

test('anything else becomes one character for each of its UTF-8 bytes', () => {
  assert.equal(byteString('Zoë'), 'Zo\xc3\xab')
  assert.equal(byteString('\x80'), '\xc2\x80')
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      assert.equal(Buffer.from(byteString(text), 'latin1').toString('utf8'), text)
    }),
  )
})
