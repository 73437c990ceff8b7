import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createSeededRandom } from '#core/kernel/random.js'
import { SessionWindow } from '#core/stats/session-window.js'
import { SessionSketch, sessionErrorShare } from '#core/stats/sketch.js'

function ids(count: number, seed: number): string[] {
  const random = createSeededRandom(seed)
  return Array.from({ length: count }, () => {
    const bytes = Buffer.alloc(8)
    random.fill(bytes)
    return bytes.toString('hex')
  })
}

function sketchOf(sessions: Iterable<string>): SessionSketch {
  const sketch = new SessionSketch()
  for (const id of sessions) sketch.add(id)
  return sketch
}

function fromText(text: string): SessionSketch | undefined {
  const sketch = new SessionSketch()
  return sketch.uniteText(text) ? sketch : undefined
}

describe('A sketch of sessions', () => {
  for (const count of [0, 1, 10, 100, 1_000, 5_000, 12_000, 50_000, 200_000]) {
    test(`tells ${count} of them within 5 %, and how far it may be off`, () => {
      const estimate = sketchOf(ids(count, 1)).estimate()
      assert.ok(Math.abs(estimate - count) <= 0.05 * count, `it says ${estimate}`)
      assert.ok(Math.abs(estimate - count) <= Math.max(1, 1.5 * sessionErrorShare * count))
    })
  }

  test('counts a session that comes again once', () => {
    const [id = ''] = ids(1, 2)
    const sketch = new SessionSketch()
    assert.deepEqual([sketch.add(id), sketch.add(id)], [true, false])
  })

  test('unites with others as if it had seen all of theirs, in any order and more than once', () => {
    const sessions = fc.array(fc.stringMatching(/^[0-9a-f]{16}$/), { maxLength: 60 })
    fc.assert(
      fc.property(sessions, sessions, sessions, (a, b, c) => {
        const united = sketchOf(a)
        for (const other of [c, b, c, a]) united.unite(sketchOf(other))
        assert.equal(united.toText(), sketchOf([...a, ...b, ...c]).toText())
      }),
    )
  })

  test('comes back from its text, which is short where sessions are few', () => {
    for (const count of [0, 1, 700, 5_000]) {
      const text = sketchOf(ids(count, 3)).toText()
      assert.ok(text.length <= Math.min(3 * count, 4_096))
      assert.equal(fromText(text)?.toText(), text)
    }
  })

  test('is not made of any other text', () => {
    for (const text of ['A', 'AA', 'AA*', 'AAz', '***', 'A'.repeat(4_095), 'A'.repeat(5_000)]) {
      const sketch = fromText(text)
      // 4,095 times A are 1,365 registers of rank 0: no sketch writes them, and they do no harm.
      assert.equal(sketch?.estimate(), text.length === 4_095 ? 0 : undefined, text.slice(0, 9))
    }
    fc.assert(
      fc.property(fc.string({ maxLength: 9 }), (text) => {
        const estimate = fromText(text)?.estimate()
        assert.ok(estimate === undefined || Number.isFinite(estimate))
      }),
    )
  })
})

describe('A window of sessions', () => {
  const count = (window: SessionWindow, nowS: number): number =>
    Math.round(fromText(window.toText(nowS))?.estimate() ?? -1)

  test('forgets those that have been away for the window, and a third of it more at the latest', () => {
    const window = new SessionWindow(900)
    for (const id of ids(50, 4)) window.see(id, 1_000)
    assert.equal(count(window, 1_000), 50)
    assert.equal(count(window, 1_000 + 900), 50)
    assert.equal(count(window, 1_000 + 1_200), 0)
  })

  test('keeps those that come again', () => {
    const window = new SessionWindow(900)
    const [first = '', ...others] = ids(50, 5)
    for (const id of [first, ...others]) window.see(id, 0)
    for (let nowS = 0; nowS <= 3_000; nowS += 100) window.see(first, nowS)
    assert.equal(count(window, 3_000), 1)
  })

  test('is empty before the first, and after a long silence', () => {
    const window = new SessionWindow(60)
    assert.equal(window.toText(5), '')
    window.see(ids(1, 6)[0] ?? '', 5)
    assert.equal(window.toText(1_000_000), '')
  })
})
