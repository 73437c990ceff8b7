import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Recent } from '#core/affinity/recent.js'

test('what was set of late is found, and never more than the capacity is kept', () => {
  const recent = new Recent<number>(100)
  for (let i = 0; i < 1000; i += 1) {
    recent.set(`key ${i}`, i)
    assert.ok(recent.size <= 100)
    for (let back = 0; back < 50 && back <= i; back += 1) {
      assert.equal(recent.get(`key ${i - back}`), i - back)
    }
  }
  assert.equal(recent.get('key 0'), undefined)
})

test('a cleared memory knows nothing', () => {
  const recent = new Recent<number>(4)
  for (const key of ['a', 'b', 'c']) recent.set(key, 1)
  recent.clear()
  assert.equal(recent.size, 0)
  for (const key of ['a', 'b', 'c']) assert.equal(recent.get(key), undefined)
})
