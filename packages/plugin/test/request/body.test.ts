import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { RequestBody } from '#plugin/request/body.js'

interface Told {
  ended: number
  tooLarge: number
  moved: number
  failed: number
}

function bodyOf(
  source: Readable,
  { limit = 1_000_000, keepMost = 0 } = {},
): { body: RequestBody; told: Told } {
  const told: Told = { ended: 0, tooLarge: 0, moved: 0, failed: 0 }
  const body = new RequestBody(source, limit, keepMost, {
    onBodyEnd: () => {
      told.ended += 1
    },
    onBodyTooLarge: () => {
      told.tooLarge += 1
    },
    onBodyMoved: () => {
      told.moved += 1
    },
    onBodyFail: () => {
      told.failed += 1
    },
  })
  return { body, told }
}

const streamOf = (...parts: readonly string[]): Readable =>
  Readable.from(parts.map((part) => Buffer.from(part)))

async function textOf(stream: Readable): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of stream as AsyncIterable<Buffer>) parts.push(part)
  return Buffer.concat(parts).toString()
}

async function readFirst(stream: Readable, bytes: number): Promise<string> {
  for (;;) {
    const part = stream.read(bytes) as Buffer | null
    if (part !== null) return part.toString()
    await new Promise((resolve) => stream.once('readable', resolve))
  }
}

test('nothing is read before an attempt takes it, so the first may fail for free', async () => {
  let read = 0
  const source = new Readable({
    read() {
      read += 1
      this.push(read > 3 ? null : Buffer.from('x'))
    },
  })
  const { body } = bodyOf(source)
  const refused = body.open()
  assert.deepEqual([read, body.bytes, body.replayable], [0, 0, true])
  refused.destroy()
  assert.equal(await textOf(body.open()), 'xxx')
  assert.equal(body.replayable, false)
})

test('a body that is kept starts over for every attempt, in its middle or at its end', async () => {
  const { body, told } = bodyOf(streamOf('one ', 'two ', 'three'), { keepMost: 100 })
  assert.equal(await readFirst(body.open(), 4), 'one ')
  assert.equal(await textOf(body.open()), 'one two three')
  assert.equal(await textOf(body.open()), 'one two three')
  assert.deepEqual([body.replayable, body.ended, told.ended], [true, true, 1])
})

test('what is more than may be kept passes, and cannot be repeated', async () => {
  const { body } = bodyOf(streamOf('12345', '67890', '1'), { keepMost: 10 })
  assert.equal(await textOf(body.open()), '12345678901')
  assert.equal(body.replayable, false)
  const exact = bodyOf(streamOf('12345', '67890'), { keepMost: 10 })
  await textOf(exact.body.open())
  assert.ok(exact.told.moved > 2)
  assert.equal(exact.body.replayable, true)
})

test('more than the limit is told once, and what comes after it is thrown away', async () => {
  const source = streamOf('12345', '67890', '1', '2', '3')
  const { body, told } = bodyOf(source, { limit: 10 })
  body.open().resume()
  await new Promise((resolve) => source.on('close', resolve))
  assert.deepEqual([told.tooLarge, body.ended], [1, true])
})

test('who takes nothing makes the client wait', async () => {
  let read = 0
  const source = new Readable({
    highWaterMark: 16_384,
    read() {
      read += 1
      this.push(read > 100 ? null : Buffer.alloc(16_384))
    },
  })
  const { body } = bodyOf(source, { limit: 10_000_000 })
  const reader = body.open()
  reader.read(0)
  for (let i = 0; i < 50; i += 1) await new Promise(setImmediate)
  assert.ok(read < 20, `${read} parts were read for nobody`)
  assert.equal(body.waitsForServer, true)
  assert.equal((await textOf(reader)).length, 100 * 16_384)
})

test('an attempt that was given up gets nothing more, and its successor gets all', async () => {
  const { body } = bodyOf(streamOf('a', 'b', 'c'), { keepMost: 100 })
  const first = body.open()
  await readFirst(first, 1)
  const second = body.open()
  let late = ''
  first.on('data', (part: Buffer) => {
    late += part.toString()
  })
  assert.equal(await textOf(second), 'abc')
  assert.ok(late.length < 3)
})

test('detached it lets the client finish', async () => {
  const source = streamOf('a', 'b')
  const { body, told } = bodyOf(source)
  body.open()
  body.detach()
  await new Promise((resolve) => source.on('close', resolve))
  assert.equal(told.tooLarge, 0)
})

test('every replay is the whole body, wherever attempts break off', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ minLength: 1, maxLength: 20 }), { maxLength: 8 }),
      fc.array(fc.nat(4), { maxLength: 4 }),
      async (parts, breaks) => {
        const { body } = bodyOf(streamOf(...parts), { keepMost: 10_000 })
        for (const turns of breaks) {
          const attempt = body.open()
          attempt.on('data', () => {})
          for (let i = 0; i < turns; i += 1) await new Promise(setImmediate)
          attempt.destroy()
          assert.ok(body.replayable)
        }
        assert.equal(await textOf(body.open()), parts.join(''))
      },
    ),
    { numRuns: 200 },
  )
})

test('a source that breaks is told of, even before anything was read of it', () => {
  const source = new Readable({ read() {} })
  const { told } = bodyOf(source)
  source.emit('error', new Error('not gzip'))
  assert.equal(told.failed, 1)
})
