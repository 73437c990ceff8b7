import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Discover, Random } from '@holdfast/core'
import type { FastifyBaseLogger } from 'fastify'
import { ListWatch } from '#plugin/discovery/list-watch.js'
import { Trouble } from '#plugin/discovery/trouble.js'
import { settled, VirtualTime } from '../fixtures/virtual-time.js'

const never: Random = { below: () => 0, fill: () => {} }

function given(discover: Discover) {
  const time = new VirtualTime()
  const said: string[] = []
  const heard: unknown[] = []
  const log = {
    warn: ({ reason }: { reason: string }) => said.push(reason),
    info: () => said.push('over'),
  } as unknown as FastifyBaseLogger
  const ports = { timers: time, random: never }
  const watch = new ListWatch(discover, ports, (list) => heard.push(list), new Trouble(log, {}))
  return { time, said, heard, watch }
}

const hang = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')))
  })

test('the first list is heard at once', async () => {
  const { heard, watch } = given(async function* (signal) {
    yield ['a']
    await hang(signal)
  })
  await watch.first
  assert.deepEqual(heard, [['a']])
})

test('of a burst of lists the newest wins, and the gateway is not kept busy', async () => {
  const { heard, time } = given(async function* (signal) {
    for (let i = 1; i <= 1_000; i += 1) yield [`${i}`]
    await hang(signal)
  })
  await settled()
  for (let turn = 0; turn < 120; turn += 1) await settled()
  await time.pass(1_000)
  assert.deepEqual(heard, [['1'], ['1000']])
})

test('a source that never waits leaves the event loop to others', async () => {
  let lists = 0
  const { watch, time } = given(async function* () {
    for (;;) {
      lists += 1
      yield ['a']
    }
  })
  await settled()
  await time.pass(1_000)
  assert.ok(lists > 1)
  watch.close()
  await settled()
  const then = lists
  await settled()
  assert.equal(lists, then)
})

test('a source that throws is started again, ever later, and that is said once', async () => {
  const starts: number[] = []
  let now = () => 0
  const { time, said } = given(() => {
    starts.push(now())
    throw new Error('no cluster')
  })
  now = () => time.now()
  await time.pass(120_000)
  const pauses = starts.slice(2).map((at, i) => at - (starts[i + 1] ?? 0))
  assert.deepEqual(pauses.slice(0, 5), [2_000, 4_000, 8_000, 16_000, 30_000])
  assert.deepEqual(said, ['no cluster'])
})

test('a list in between does not hide that a source keeps failing', async () => {
  let starts = 0
  const { time, said, heard } = given(async function* () {
    starts += 1
    yield [`${starts}`]
    throw new Error('reset')
  })
  await time.pass(120_000)
  assert.deepEqual(said, ['reset'])
  assert.deepEqual(heard.at(-1), [`${starts}`])
})

test('a source that has gone on for half a minute is well again', async () => {
  let starts = 0
  const { time, said } = given(async function* (signal) {
    starts += 1
    if (starts === 1) throw new Error('reset')
    yield ['a']
    await hang(signal)
  })
  await time.pass(120_000)
  assert.deepEqual(said, ['reset', 'over'])
  assert.equal(starts, 2)
})

test('a source that ends after its list is asked again, without a word', async () => {
  let starts = 0
  const { time, said, heard } = given(async function* () {
    starts += 1
    yield [`${starts}`]
  })
  await time.pass(120_000)
  assert.ok(starts > 4)
  assert.deepEqual(heard.at(-1), [`${starts}`])
  assert.deepEqual(said, [])
})

test('a source that ends without a list, or is none, is a failure like any other', async () => {
  const ended = given(async function* () {})
  const wrong = given((() => 7) as unknown as Discover)
  await ended.time.pass(1)
  await wrong.time.pass(1)
  assert.deepEqual(ended.said, ['the source ended'])
  assert.equal(wrong.said.length, 1)
  await Promise.all([ended.watch.first, wrong.watch.first])
})

test('one that hangs holds nobody up when it is closed', async () => {
  let aborted = false
  const { watch, time } = given(async function* (signal) {
    signal.addEventListener('abort', () => {
      aborted = true
    })
    await new Promise(() => {})
    yield []
  })
  await time.pass(60_000)
  watch.close()
  await watch.first
  assert.ok(aborted)
  assert.equal(time.pending, 0)
})
