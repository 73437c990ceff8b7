import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Flusher } from '#plugin/transport/flusher.js'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('what is added is flushed once, before the loop waits again', async () => {
  const flusher = new Flusher()
  const flushed: string[] = []
  for (const name of ['a', 'b']) flusher.add({ flush: () => flushed.push(name) })
  assert.deepEqual(flushed, [])
  await turn()
  assert.deepEqual(flushed, ['a', 'b'])
  await turn()
  assert.equal(flushed.length, 2)
})

test('what is added during a flush comes in the next turn', async () => {
  const flusher = new Flusher()
  const flushed: string[] = []
  flusher.add({
    flush() {
      flushed.push('first')
      flusher.add({ flush: () => flushed.push('second') })
    },
  })
  await turn()
  await turn()
  assert.deepEqual(flushed, ['first', 'second'])
})
