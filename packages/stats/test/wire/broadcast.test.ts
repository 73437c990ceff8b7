import assert from 'node:assert/strict'
import { PassThrough, Writable } from 'node:stream'
import { test } from 'node:test'
import type { State } from '#stats/feed.js'
import { Turns } from '#stats/turns.js'
import { Broadcast } from '#stats/wire/broadcast.js'

function aState(at: number): State {
  return {
    fleet: {
      at,
      heardAt: at,
      stale: false,
      headline: { level: 'good', text: 'All well.' },
      replicas: [],
      alarms: [],
    },
    upstreams: [],
    events: [],
  }
}

/** A client that takes nothing until it is told to. */
class SlowReader extends Writable {
  readonly taken: string[] = []
  #resume: (() => void) | undefined

  constructor() {
    super({ highWaterMark: 1 })
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.taken.push(chunk.toString())
    this.#resume = done
  }

  read(): void {
    const resume = this.#resume
    this.#resume = undefined
    resume?.()
  }
}

/** All there is to read; how many pieces that is differs from Node to Node. */
function textOf(stream: PassThrough): string {
  let text = ''
  for (let piece = stream.read(); piece !== null; piece = stream.read()) text += String(piece)
  return text
}

const eventsOf = (text: string): string[] =>
  [...text.matchAll(/^event: (\w+)$/gm)].map(([, name = '']) => name)

test('a viewer gets the state, and then only what changes', async () => {
  const broadcast = new Broadcast(new Turns())
  const viewer = new PassThrough()
  await broadcast.publish(aState(1))
  broadcast.add(viewer)
  await broadcast.publish(aState(2))
  const text = textOf(viewer)
  assert.deepEqual(eventsOf(text), ['state', 'change'])
  assert.match(text, /data: \{"at":2,"heardAt":2\}\n\n$/)
})

test('a viewer that comes before there is anything waits for it', async () => {
  const broadcast = new Broadcast(new Turns())
  const viewer = new PassThrough()
  broadcast.add(viewer)
  assert.equal(viewer.read(), null)
  await broadcast.publish(aState(1))
  assert.deepEqual(eventsOf(textOf(viewer)), ['state'])
})

test('nothing is kept for a viewer that reads too slowly: it gets the whole when it has caught up', async () => {
  const broadcast = new Broadcast(new Turns())
  const viewer = new SlowReader()
  await broadcast.publish(aState(1))
  broadcast.add(viewer)
  for (let at = 2; at <= 500; at += 1) await broadcast.publish(aState(at))
  assert.equal(viewer.taken.length, 1)
  assert.ok(viewer.writableLength < 2_000)
  const drained = new Promise((resolve) => viewer.once('drain', resolve))
  viewer.read()
  await drained
  assert.equal(viewer.taken.length, 2)
  assert.deepEqual(eventsOf(viewer.taken[1] ?? ''), ['state'])
  assert.match(viewer.taken[1] ?? '', /"at":500/)
})

test('a viewer that leaves is forgotten', async () => {
  const broadcast = new Broadcast(new Turns())
  const viewer = new PassThrough()
  broadcast.add(viewer)
  assert.equal(broadcast.viewers, 1)
  const closed = new Promise((resolve) => viewer.once('close', resolve))
  viewer.destroy()
  await closed
  assert.equal(broadcast.viewers, 0)
})

test('when it closes nobody is waited for, least of all one who does not read', async () => {
  const broadcast = new Broadcast(new Turns())
  const [reader, slow] = [new PassThrough(), new SlowReader()]
  await broadcast.publish(aState(1))
  for (const viewer of [reader, slow]) broadcast.add(viewer)
  reader.resume()
  await broadcast.publish(aState(2))
  broadcast.close()
  assert.equal(slow.destroyed, true)
  await new Promise((resolve) => reader.once('close', resolve))
})
