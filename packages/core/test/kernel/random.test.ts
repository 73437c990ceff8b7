import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createSeededRandom, createSystemRandom, type Random } from '#core/kernel/random.js'

const draws = (random: Random, count: number, limit: number): number[] =>
  Array.from({ length: count }, () => random.below(limit))

const filled = (random: Random, length: number): Uint8Array => {
  const bytes = new Uint8Array(length)
  random.fill(bytes)
  return bytes
}

for (const [name, create] of [
  ['the system source', createSystemRandom],
  ['the seeded source', () => createSeededRandom(7)],
] as const) {
  test(`${name} stays below the limit and reaches every number there`, () => {
    const seen = new Set(draws(create(), 1_000, 5))
    assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4])
    assert.equal(create().below(1), 0)
  })

  test(`${name} goes through the whole range of 32 bits`, () => {
    const values = draws(create(), 1_000, 2 ** 32)
    assert.ok(values.every((value) => Number.isInteger(value) && value >= 0 && value < 2 ** 32))
    assert.ok(values.some((value) => value >= 2 ** 31))
  })

  test(`${name} fills bytes of any number, and no two nonces are equal`, () => {
    const random = create()
    const nonces = Array.from({ length: 2_000 }, () => filled(random, 12))
    assert.equal(new Set(nonces.map((nonce) => Buffer.from(nonce).toString('hex'))).size, 2_000)
    assert.ok(filled(random, 5_000).some((byte) => byte !== 0))
    assert.equal(filled(random, 0).length, 0)
  })
}

test('the system source leaves no stretch of its pool unfilled', () => {
  const random = createSystemRandom()
  // 4,096 is no multiple of 1,000, so that some call meets the end of the pool.
  for (let i = 0; i < 9; i += 1) {
    const zeros = filled(random, 1_000).filter((byte) => byte === 0).length
    assert.ok(zeros < 50, `${zeros} of 1,000 bytes are zero`)
  }
})

test('equal seeds give equal sequences, and other seeds other ones', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const sequence = draws(createSeededRandom(seed), 8, 2 ** 32)
      assert.deepEqual(draws(createSeededRandom(seed), 8, 2 ** 32), sequence)
      assert.notDeepEqual(draws(createSeededRandom(seed + 1), 8, 2 ** 32), sequence)
    }),
  )
})

test('the seeded source draws evenly', () => {
  const counts = new Array<number>(10).fill(0)
  for (const value of draws(createSeededRandom(42), 100_000, 10)) counts[value]! += 1
  // Five standard deviations of 100,000 draws of one in ten.
  for (const count of counts) assert.ok(Math.abs(count - 10_000) < 475, `${count}`)
})
