import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type {
  Answer,
  Board,
  FailReport,
  FleetNews,
  FleetRecord,
  FleetState,
  Message,
  OverrideRecord,
  SessionNews,
  Store,
} from '@holdfast/core/fleet'
import { until } from '#fixtures/until.js'

export interface OpenStore {
  readonly store: Store
  /** Lets the store's own time pass. */
  pass(ms: number): Promise<void>
}

export interface OpenBoard {
  readonly board: Board
  pass(ms: number): Promise<void>
}

/** What every store owes a replica. */
export function storeContract(name: string, open: (t: TestContext) => Promise<OpenStore>): void {
  describe(`the contract of stores: ${name}`, () => {
    it('makes whoever speaks a member, and says nothing twice', async (t) => {
      const { store } = await open(t)
      const first = await say(store, { replica: 'a' })
      assert.deepEqual(first.state?.replicas, ['a'])
      const again = await say(store, { replica: 'a', known: first.stamp })
      assert.equal(again.stamp, first.stamp)
      assert.equal(again.state, undefined)
      const other = await say(store, { replica: 'b' })
      assert.deepEqual(other.state?.replicas.toSorted(), ['a', 'b'])
      const left = await say(store, { replica: 'b', leaving: true })
      assert.deepEqual(left.state?.replicas, ['a'])
    })

    it('lets observers look without counting them', async (t) => {
      const { store } = await open(t)
      await say(store, { replica: 'a' })
      const seen = await say(store, { replica: undefined })
      assert.deepEqual(seen.state?.replicas, ['a'])
    })

    it('keeps upstreams apart, whatever they are called', async (t) => {
      const { store } = await open(t)
      await say(store, { replica: 'a' }, '__proto__')
      const { state } = await say(store, { replica: 'b' }, 'constructor')
      assert.deepEqual(state?.replicas, ['b'])
    })

    it('ejects no server on the word of one replica of several', async (t) => {
      const { store } = await open(t)
      for (const replica of ['a', 'b']) await say(store, { replica })
      await say(store, { replica: 'a', fails: [fail({ count: 99 })] })
      assert.equal(ejection(await look(store)), undefined)
    })

    it('ejects one when the quorum saw as many fails as it takes, all together', async (t) => {
      const { store } = await open(t)
      for (const replica of ['a', 'b', 'c']) await say(store, { replica })
      await say(store, { replica: 'a', fails: [fail()] })
      await say(store, { replica: 'b', fails: [fail()] })
      assert.equal(ejection(await look(store)), undefined, 'two fails of three')
      const { nowMs, state } = await say(store, { replica: 'b', fails: [fail()] })
      const record = ejection(state)
      assert.deepEqual([...(record?.voters ?? [])].toSorted(), [
        ['a', 1],
        ['b', 2],
      ])
      assert.equal(record?.untilMs, nowMs + LENGTH_MS)
      assert.equal(record?.inARow, 1)
    })

    it('takes the word of a replica that is alone', async (t) => {
      const { store } = await open(t)
      const { state } = await say(store, { replica: 'a', fails: [fail({ count: 3 })] })
      assert.deepEqual([...(ejection(state)?.voters.keys() ?? [])], ['a'])
    })

    it('does not count a replica for which most servers fail, unless most say so', async (t) => {
      const { store } = await open(t)
      for (const replica of ['a', 'b', 'c']) await say(store, { replica })
      await say(store, { replica: 'a', sick: true, fails: [fail({ count: 9 })] })
      await say(store, { replica: 'b', fails: [fail({ count: 9 })] })
      assert.equal(ejection(await look(store)), undefined, 'a is a suspect')
      const { state } = await say(store, { replica: 'b', sick: true, fails: [fail()] })
      assert.deepEqual([...(ejection(state)?.voters.keys() ?? [])].toSorted(), ['a', 'b'])
    })

    it('lists who sees the server fail later, in a newer version', async (t) => {
      const { store } = await open(t)
      const first = await eject(store, 60_000)
      const { state } = await say(store, { replica: 'c', fails: [fail()] })
      const later = ejection(state)
      assert.deepEqual([...(later?.voters.keys() ?? [])].toSorted(), ['a', 'b', 'c'])
      assert.equal(later?.untilMs, first.untilMs)
      assert.ok((later?.version ?? 0) > first.version)
    })

    it('grants the probe to one replica at a time, and again to the same', async (t) => {
      const { store } = await open(t)
      assert.equal(await store.lease(UPSTREAM, SERVER, 'a'), 0)
      const waitMs = await store.lease(UPSTREAM, SERVER, 'b')
      assert.ok(waitMs > 0 && waitMs <= 2_000, String(waitMs))
      assert.equal(await store.lease(UPSTREAM, SERVER, 'a'), 0)
      assert.equal(await store.lease(UPSTREAM, 'another:80 0', 'b'), 0)
    })

    it('grants no probe before the ejection is over', async (t) => {
      const { store, pass } = await open(t)
      await eject(store, 120)
      const waitMs = await store.lease(UPSTREAM, SERVER, 'a')
      assert.ok(waitMs > 0 && waitMs <= 120, String(waitMs))
      await pass(130)
      assert.equal(await store.lease(UPSTREAM, SERVER, 'a'), 0)
    })

    it('does not go on with it because a suspect failed to reach the server', async (t) => {
      const { store, pass } = await open(t)
      const first = await eject(store, 50)
      await say(store, { replica: 'c', sick: true })
      await pass(60)
      await store.lease(UPSTREAM, SERVER, 'c')
      const fails = [fail({ again: true, inARow: 2 })]
      const { state } = await say(store, { replica: 'c', sick: true, fails })
      assert.equal(ejection(state)?.untilMs, first.untilMs)
      assert.equal(await store.lease(UPSTREAM, SERVER, 'b'), 0, 'and lets another one probe')
    })

    it('makes a probe that went well known to those who ejected the server by themselves', async (t) => {
      const { store } = await open(t)
      const { state, nowMs } = await say(store, { replica: 'a', returned: [SERVER] })
      const record = ejection(state)
      assert.equal(record?.voters.size, 0)
      assert.equal(record?.untilMs, nowMs)
    })

    it('goes on with the ejection when the probe fails, one longer row', async (t) => {
      const { store, pass } = await open(t)
      const first = await eject(store, 50)
      await pass(60)
      await store.lease(UPSTREAM, SERVER, 'c')
      const { state, nowMs } = await say(store, {
        replica: 'c',
        fails: [fail({ again: true, inARow: 2 })],
      })
      const record = ejection(state)
      assert.equal(record?.untilMs, nowMs + LENGTH_MS)
      assert.equal(record?.inARow, 2)
      assert.ok((record?.version ?? 0) > first.version)
      assert.ok((await store.lease(UPSTREAM, SERVER, 'a')) > 2_000)
    })

    it('ends the ejection when the probe goes well, and frees the lease', async (t) => {
      const { store, pass } = await open(t)
      const first = await eject(store, 50)
      await pass(60)
      await store.lease(UPSTREAM, SERVER, 'c')
      const { state } = await say(store, { replica: 'c', returned: [SERVER] })
      const record = ejection(state)
      assert.equal(record?.voters.size, 0)
      assert.ok((record?.version ?? 0) > first.version)
      assert.equal(await store.lease(UPSTREAM, SERVER, 'a'), 0)
    })

    it('does not end an ejection before its time for one request that went well', async (t) => {
      const { store } = await open(t)
      await eject(store, 60_000)
      const { state } = await say(store, { replica: 'c', returned: [SERVER] })
      assert.ok((ejection(state)?.voters.size ?? 0) > 0)
    })

    it('keeps the newer of two versions, whichever comes first', async (t) => {
      const { store } = await open(t)
      await say(store, { replica: 'a', records: [override(2_000, 'drain')] })
      const { state } = await say(store, { replica: 'b', records: [override(1_000, 'down')] })
      assert.deepEqual(state?.records, [override(2_000, 'drain')])
      const { state: newer } = await say(store, {
        replica: undefined,
        records: [override(3_000, undefined)],
      })
      assert.deepEqual(newer?.records, [override(3_000, undefined)])
    })

    it('tells the subscribers of an upstream of every change to it, and nobody of stale news', async (t) => {
      const { store } = await open(t)
      const heard: FleetRecord[] = []
      const elsewhere: FleetNews[] = []
      store.subscribe('elsewhere', (news) => elsewhere.push(news))
      const stop = store.subscribe(UPSTREAM, (news) => {
        if (news.kind !== 'sessions') heard.push(news)
      })
      // A subscription takes effect some time after it is asked for.
      let version = 1_000
      await until('the first news', async () => {
        version += 1
        await say(store, { replica: 'a', records: [override(version, 'drain')] })
        return heard.length > 0
      })
      await say(store, { replica: 'a', records: [override(1, 'down')] })
      const news = override(version + 1, 'up')
      await say(store, { replica: 'a', records: [news] })
      await until('the last news', () => heard.some((one) => one.version === news.version))
      assert.deepEqual(heard.at(-1), news)
      assert.ok(heard.every((record) => record.version > 1))
      stop()
      const count = heard.length
      await say(store, { replica: 'a', records: [override(version + 2, 'up')] })
      assert.equal(heard.length, count)
      assert.deepEqual(elsewhere, [])
    })

    it('tells the subscribers of an upstream of sessions, and keeps none of it', async (t) => {
      const { store } = await open(t)
      const heard: FleetNews[] = []
      const stop = store.subscribe(UPSTREAM, (news) => heard.push(news))
      const sessions: SessionNews = {
        kind: 'sessions',
        server: '10.0.0.1:80 0',
        replica: 'a',
        digests: ['0123456789abcdef'.repeat(2), 'f'.repeat(32)],
      }
      await until('the news', async () => {
        await say(store, { replica: 'a', sessions: [sessions] })
        return heard.length > 0
      })
      stop()
      assert.deepEqual(heard[0], sessions)
      const { state } = await say(store, { replica: undefined })
      assert.deepEqual(state?.records, [])
    })

    it('carries an override with all that an operator said', async (t) => {
      const { store } = await open(t)
      const record: OverrideRecord = {
        ...override(5_000, 'drain'),
        override: { mode: 'drain', weight: 7 },
        untilMs: 4_102_444_800_000,
        by: 'Zoë, "on call" 🛠',
      }
      const { state } = await say(store, { replica: 'a', records: [record] })
      assert.deepEqual(state?.records, [record])
    })
  })
}

/** And what a place for snapshots owes whoever watches the fleet. */
export function boardContract(name: string, open: (t: TestContext) => Promise<OpenBoard>): void {
  it(`${name} holds snapshots until they expire`, async (t) => {
    const { board, pass } = await open(t)
    await board.post('a', 'first', 60_000)
    await board.post('a', 'second', 60_000)
    await board.post('b', 'short', 40)
    assert.deepEqual(Object.fromEntries(await board.read()), { a: 'second', b: 'short' })
    await pass(60)
    assert.deepEqual(Object.fromEntries(await board.read()), { a: 'second' })
  })
}

const UPSTREAM = 'shop'
const SERVER = '10.0.0.1:8080 0'
const LENGTH_MS = 30_000

async function say(store: Store, message: Partial<Message>, upstream = UPSTREAM): Promise<Answer> {
  const answer = await store.exchange(upstream, {
    replica: undefined,
    known: '',
    quorum: 2,
    sick: false,
    fails: [],
    returned: [],
    records: [],
    listed: [],
    settled: false,
    leaving: false,
    ...message,
  })
  assert.ok(answer !== undefined)
  return answer
}

async function look(store: Store): Promise<FleetState | undefined> {
  return (await say(store, {})).state
}

function fail(rest: Partial<FailReport> = {}): FailReport {
  return {
    server: SERVER,
    count: 1,
    again: false,
    maxFails: 3,
    windowMs: 30_000,
    inARow: 1,
    lengthMs: LENGTH_MS,
    ...rest,
  }
}

/** Has a and b of a fleet of three eject the server for so long. */
async function eject(store: Store, lengthMs: number) {
  for (const replica of ['a', 'b', 'c']) await say(store, { replica })
  await say(store, { replica: 'a', fails: [fail({ count: 2, lengthMs })] })
  const { state } = await say(store, { replica: 'b', fails: [fail({ lengthMs })] })
  const record = ejection(state)
  assert.ok(record !== undefined)
  return record
}

function ejection(state: FleetState | undefined) {
  return state?.records.find((record) => record.kind === 'ejection')
}

function override(version: number, mode: 'up' | 'drain' | 'down' | undefined): OverrideRecord {
  return {
    kind: 'override',
    server: SERVER,
    version,
    untilMs: 0,
    override: mode === undefined ? {} : { mode },
    by: undefined,
  }
}
