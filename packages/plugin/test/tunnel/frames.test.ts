import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { FrameScanner } from '#plugin/tunnel/frames.js'

/** A frame as RFC 6455, 5.2 draws it, with a payload of zeros. */
function frame(length: number, masked: boolean): Buffer {
  const mask = masked ? 0x80 : 0
  const head =
    length < 126
      ? Buffer.from([0x82, mask | length])
      : length < 65_536
        ? Buffer.from([0x82, mask | 126, length >> 8, length & 0xff])
        : Buffer.concat([Buffer.from([0x82, mask | 127, 0, 0, 0, 0]), uint32(length)])
  return Buffer.concat([head, Buffer.alloc((masked ? 4 : 0) + length)])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

const anyFrame = fc.record({
  length: fc.oneof(fc.integer({ min: 0, max: 130 }), fc.constantFrom(65_535, 65_536, 70_000)),
  masked: fc.boolean(),
})

test('however frames are cut into chunks, a boundary is found exactly where one ends', () => {
  fc.assert(
    fc.property(
      fc.array(anyFrame, { minLength: 1, maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 70_100 }), { maxLength: 12 }),
      (frames, cuts) => {
        const bytes = Buffer.concat(frames.map(({ length, masked }) => frame(length, masked)))
        const ends = new Set<number>([0])
        let end = 0
        for (const { length, masked } of frames) {
          end += frame(length, masked).length
          ends.add(end)
        }
        const scanner = new FrameScanner()
        let at = 0
        for (const size of [...cuts, bytes.length]) {
          const chunk = bytes.subarray(at, at + size)
          const boundary = scanner.scan(chunk)
          const next = [...ends].filter((one) => one >= at).sort((a, b) => a - b)[0] ?? bytes.length
          assert.equal(at + boundary, Math.min(next, at + chunk.length))
          at += chunk.length
          assert.equal(scanner.between, ends.has(at))
        }
      },
    ),
  )
})
