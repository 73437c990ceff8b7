import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encode, type Steps, Turns } from '#stats/turns.js'

/** Takes as many milliseconds as it is told to, one a step. */
function* busy(ms: number): Steps<number> {
  for (let done = 0; done < ms; done += 1) {
    const endMs = performance.now() + 1
    while (performance.now() < endMs);
    yield
  }
  return ms
}

test('work that takes long is done a few milliseconds a turn, and others get theirs meanwhile', async () => {
  const turns = new Turns()
  const ended: string[] = []
  const long = turns.run(busy(60)).then(() => ended.push('long'))
  const short = turns.run(busy(2)).then(() => ended.push('short'))
  let heard = 0
  const listen = (): void => {
    heard += 1
    if (ended.length < 2) setImmediate(listen)
  }
  setImmediate(listen)
  await Promise.all([long, short])
  assert.deepEqual(ended, ['short', 'long'])
  assert.ok(heard >= 10, `${heard} turns of others`)
})

test('what work throws is its own', async () => {
  const turns = new Turns()
  const failing = turns.run(
    (function* (): Steps<never> {
      yield
      throw new Error('no')
    })(),
  )
  const other = turns.run(busy(1))
  await assert.rejects(failing, /no/)
  assert.equal(await other, 1)
})

test('pieces are joined as they are, however much there is', async () => {
  const pieces = Array.from({ length: 20_000 }, (_, i) => `${i} ü`)
  assert.equal(String(await new Turns().run(encode(pieces))), pieces.join(''))
})
