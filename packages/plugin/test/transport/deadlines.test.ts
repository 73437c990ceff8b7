import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'
import fc from 'fast-check'
import { Deadline, Deadlines } from '#plugin/transport/deadlines.js'

const TICK_MS = 20

let nowMs = 0
const clock = { now: () => nowMs, wall: () => nowMs }

beforeEach(() => {
  mock.timers.enable({ apis: ['setInterval'] })
  nowMs = 0
})

afterEach(() => mock.timers.reset())

/** Lets time pass as it does: the timer fires each 20 ms. */
function pass(ms: number): void {
  const endMs = nowMs + ms
  while (nowMs + 1 <= endMs) {
    nowMs += 1
    mock.timers.tick(1)
  }
}

/** Time passes while the process does not run: nothing fires until it does. */
function freeze(ms: number): void {
  nowMs += ms
}

function recording(deadlines: Deadlines): { deadline: Deadline; firedAt: number[] } {
  const firedAt: number[] = []
  const deadline = new Deadline(() => firedAt.push(deadlines.nowMs()))
  return { deadline, firedAt }
}

test('a deadline comes due at its moment or up to 20 ms later, wherever in a tick it was set', () => {
  for (let offset = 0; offset < 45; offset += 7) {
    for (let inMs = 1; inMs < 90; inMs += 4) {
      const deadlines = new Deadlines(clock)
      freeze(offset)
      const { deadline, firedAt } = recording(deadlines)
      const dueMs = nowMs + inMs
      deadlines.schedule(deadline, dueMs)
      pass(inMs + TICK_MS)
      const [at = Number.NaN] = firedAt
      assert.ok(at >= dueMs && at <= dueMs + TICK_MS, `in ${inMs} at ${offset}: ${at - dueMs} late`)
      assert.equal(firedAt.length, 1)
      deadlines.close()
    }
  }
})

test('one that is further away than a turn of the wheel comes due all the same', () => {
  const deadlines = new Deadlines(clock)
  const { deadline, firedAt } = recording(deadlines)
  deadlines.schedule(deadline, 60_000)
  pass(59_999)
  assert.deepEqual(firedAt, [])
  pass(TICK_MS + 1)
  assert.equal(firedAt.length, 1)
})

test('moving it later while it is scheduled is a field write', () => {
  const deadlines = new Deadlines(clock)
  const { deadline, firedAt } = recording(deadlines)
  deadlines.schedule(deadline, 100)
  for (let moves = 0; moves < 50; moves += 1) {
    pass(50)
    deadline.dueMs = nowMs + 100
  }
  assert.deepEqual(firedAt, [])
  pass(100 + TICK_MS)
  assert.equal(firedAt.length, 1)
})

test('scheduling again replaces the moment, earlier or later', () => {
  const deadlines = new Deadlines(clock)
  const { deadline, firedAt } = recording(deadlines)
  deadlines.schedule(deadline, 1_000)
  deadlines.schedule(deadline, 100)
  pass(120)
  assert.equal(firedAt.length, 1)
  pass(1_000)
  assert.equal(firedAt.length, 1)
})

test('a cancelled one never comes due, and cancelling twice is no mistake', () => {
  const deadlines = new Deadlines(clock)
  const { deadline, firedAt } = recording(deadlines)
  deadlines.schedule(deadline, 100)
  deadlines.cancel(deadline)
  deadlines.cancel(deadline)
  pass(10_000)
  assert.deepEqual(firedAt, [])
})

test('a callback may cancel others of its moment, and those that are left still come due', () => {
  const deadlines = new Deadlines(clock)
  const fired: number[] = []
  const all: Deadline[] = Array.from(
    { length: 5 },
    (_, i) =>
      new Deadline(() => {
        fired.push(i)
        for (const other of [i - 1, i + 1]) {
          const neighbour = all[other]
          if (neighbour !== undefined) deadlines.cancel(neighbour)
        }
      }),
  )
  for (const deadline of all) deadlines.schedule(deadline, 100)
  pass(120)
  assert.deepEqual(fired.toSorted(), [0, 2, 4])
})

test('a callback may move others of its moment to another one, and none is forgotten', () => {
  const deadlines = new Deadlines(clock)
  const fired: Array<[number, number]> = []
  const all: Deadline[] = Array.from(
    { length: 4 },
    (_, i) =>
      new Deadline(() => {
        fired.push([i, nowMs])
        const next = all[i - 1]
        if (next !== undefined && next.slot >= 0) deadlines.schedule(next, 500)
      }),
  )
  for (const deadline of all) deadlines.schedule(deadline, 100)
  pass(120)
  assert.deepEqual(fired, [
    [3, 100],
    [1, 100],
  ])
  pass(400)
  assert.equal(fired.length, 4)
})

test('after a long pause of the process everything that is due comes due at once', () => {
  const deadlines = new Deadlines(clock)
  const records = [1, 100, 4_000, 5_119, 5_120, 5_121, 40_000].map((dueMs) => {
    const record = recording(deadlines)
    deadlines.schedule(record.deadline, dueMs)
    return record
  })
  freeze(60_000)
  mock.timers.tick(TICK_MS)
  for (const { firedAt } of records) assert.deepEqual(firedAt, [60_000])
})

test('no timer runs while nothing is scheduled, nor after close', () => {
  const started = mock.method(globalThis, 'setInterval')
  const stopped = mock.method(globalThis, 'clearInterval')
  const running = (): number => {
    const stops = stopped.mock.calls.filter((call) => call.arguments[0] !== undefined)
    return started.mock.callCount() - stops.length
  }
  try {
    const deadlines = new Deadlines(clock)
    const { deadline, firedAt } = recording(deadlines)
    assert.equal(running(), 0)
    deadlines.schedule(deadline, 100)
    assert.equal(running(), 1)
    pass(140)
    assert.equal(running(), 0)
    deadlines.schedule(deadline, nowMs + 100)
    assert.equal(running(), 1)
    deadlines.close()
    assert.equal(running(), 0)
    pass(1_000)
    assert.equal(firedAt.length, 1)
    // What was scheduled when it closed may be cancelled and scheduled again.
    deadlines.cancel(deadline)
    deadlines.schedule(deadline, nowMs + 100)
    pass(120)
    assert.equal(firedAt.length, 2)
    assert.equal(running(), 0)
  } finally {
    started.mock.restore()
    stopped.mock.restore()
  }
})

// What a run may do, and what a deadline may do when it comes due.
const COUNT = 6
const index = fc.nat(COUNT - 1)
const ahead = fc.oneof(fc.integer({ min: -30, max: 200 }), fc.integer({ min: 200, max: 12_000 }))
const change = fc.oneof(
  fc.record({ do: fc.constant('schedule' as const), index, ms: ahead }),
  fc.record({ do: fc.constant('later' as const), index, ms: fc.nat(6_000) }),
  fc.record({ do: fc.constant('cancel' as const), index, ms: fc.constant(0) }),
)
const step = fc.oneof(
  change,
  fc.record({ do: fc.constant('tick' as const), index, ms: fc.integer({ min: 20, max: 45 }) }),
  fc.record({ do: fc.constant('tick' as const), index, ms: fc.integer({ min: 20, max: 20_000 }) }),
)

test('it does what a plain list of moments does, whatever happens in whatever order', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 80 }),
      fc.array(fc.array(change, { maxLength: 3 }), { minLength: COUNT, maxLength: COUNT }),
      fc.nat(40),
      (steps, reactions, startMs) => {
        nowMs = startMs
        const deadlines = new Deadlines(clock)
        // The model: when each is due, and whether it could come due in this tick already.
        const dueAt = new Map<number, number>()
        const fresh = new Set<number>()
        let ticks = 0
        const all = reactions.map(
          (changes, i) =>
            new Deadline(() => {
              const dueMs = dueAt.get(i)
              assert.ok(dueMs !== undefined, `${i} came due though nobody waits for it`)
              assert.ok(dueMs <= nowMs, `${i} came due ${dueMs - nowMs} ms early`)
              dueAt.delete(i)
              for (const one of changes) apply(one)
            }),
        )
        const apply = (one: { do: string; index: number; ms: number }): void => {
          const deadline = all[one.index] as Deadline
          if (one.do === 'cancel') {
            deadlines.cancel(deadline)
            dueAt.delete(one.index)
          } else if (one.do === 'schedule') {
            deadlines.schedule(deadline, nowMs + one.ms)
            dueAt.set(one.index, nowMs + one.ms)
            fresh.add(one.index)
          } else if (dueAt.has(one.index)) {
            deadline.dueMs += one.ms
            dueAt.set(one.index, deadline.dueMs)
          }
        }
        for (const one of steps) {
          if (one.do !== 'tick') {
            apply(one)
            continue
          }
          nowMs += one.ms
          ticks += 1
          fresh.clear()
          mock.timers.tick(TICK_MS)
          for (const [i, dueMs] of dueAt) {
            const late = dueMs <= nowMs && !fresh.has(i)
            assert.ok(!late, `${i} is still not due ${nowMs - dueMs} ms late, tick ${ticks}`)
          }
        }
        deadlines.close()
      },
    ),
    { numRuns: 2_000 },
  )
})
