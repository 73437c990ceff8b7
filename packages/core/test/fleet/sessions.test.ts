import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Fleet } from '#core/fleet/fleet.js'
import { MemoryStore } from '#core/fleet/memory-store.js'
import { decodeNews } from '#core/fleet/record.js'
import { SessionQueue } from '#core/fleet/session-queue.js'
import type { Message } from '#core/fleet/store.js'
import type { Timers } from '#core/kernel/clock.js'
import { createSeededRandom } from '#core/kernel/random.js'
import { Upstream } from '#core/upstream.js'
import { factsOf } from '../affinity/fixtures.js'

/** Time that passes when it is told to, timers included. */
class Time implements Timers {
  ms = 0
  #timers: Array<{ readonly atMs: number; readonly fn: () => void }> = []

  now = (): number => this.ms
  wall = (): number => 1_700_000_000_000 + this.ms

  after(ms: number, fn: () => void): () => void {
    const timer = { atMs: this.ms + ms, fn }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  async pass(ms: number): Promise<void> {
    for (const endMs = this.ms + ms; this.ms < endMs; this.ms += 1) {
      const due = this.#timers.filter(({ atMs }) => atMs <= this.ms)
      this.#timers = this.#timers.filter((timer) => !due.includes(timer))
      for (const { fn } of due) fn()
      await new Promise(setImmediate)
    }
  }
}

/** Keeps what the replicas say. */
class HeardStore extends MemoryStore {
  readonly messages: Message[] = []
  down = false

  override async exchange(...[upstream, message]: Parameters<MemoryStore['exchange']>) {
    if (this.down) throw new Error('gone')
    this.messages.push(message)
    return super.exchange(upstream, message)
  }
}

const ADDRESSES = ['a:80', 'b:80', 'c:80']

async function fleetOf(names: readonly string[], learn: { timeout?: string } = {}) {
  const time = new Time()
  const store = new HeardStore(time)
  const replicas = names.map((replica) => {
    const upstream = new Upstream(
      {
        name: 'shop',
        servers: ADDRESSES,
        sticky: {
          learn: { create: ['$upstream_cookie_sid'], lookup: ['$cookie_sid'], ...learn },
        },
      },
      { clock: time, random: createSeededRandom(1) },
    )
    const fleet = new Fleet(
      { replica, quorum: 2 },
      { store, clock: time, timers: time, onChange: () => {} },
    )
    upstream.join(fleet)
    return {
      upstream,
      fleet,
      /** A server of this replica's answers with a session's id. */
      answer(server: number, sid: string, brought = ''): void {
        const one = upstream.servers[server]
        assert.ok(one)
        const headers = brought === '' ? ['Set-Cookie', `sid=${sid}`] : []
        const answer = { status: 200, headers, firstChunk: undefined }
        upstream.learn?.learn(factsOf({ cookies: brought }), one, answer)
      },
      /** Where a request that brings the id is bound to. */
      home: (sid: string) =>
        upstream.learn?.read(factsOf({ cookies: `sid=${sid}` })).server?.address,
    }
  })
  await time.pass(100)
  store.messages.length = 0
  const told = () => store.messages.flatMap(({ sessions = [] }) => sessions)
  return { time, store, replicas, told }
}

describe('learned sessions in a fleet', () => {
  it('are known to every replica within 100 ms, and by no more than a digest of their ids', async () => {
    const { time, store, replicas } = await fleetOf(['r1', 'r2', 'r3'])
    const [first, ...others] = replicas
    first?.answer(1, 'the-secret-id')
    await time.pass(100)
    for (const other of others) assert.equal(other.home('the-secret-id'), 'b:80')
    const said = JSON.stringify(store.messages)
    assert.ok(!said.includes('the-secret-id'))
    // printf the-secret-id | sha256sum | cut -c 1-32
    assert.ok(said.includes('559f7bc03eeeef5d716d6644c5a24fac'), said)
  })

  it('follow to another server on every replica', async () => {
    const { time, replicas } = await fleetOf(['r1', 'r2'])
    const [first, second] = replicas
    first?.answer(0, 's1')
    await time.pass(100)
    second?.answer(2, 's1', 'sid=s1')
    await time.pass(100)
    assert.deepEqual([first?.home('s1'), second?.home('s1')], ['c:80', 'c:80'])
  })

  it('cost nothing when they are used, and are told of once more before others forget them', async () => {
    const { time, replicas, told } = await fleetOf(['r1', 'r2'], { timeout: '60s' })
    const [first, second] = replicas
    first?.answer(0, 's1')
    await time.pass(100)
    for (let s = 0; s < 25; s += 1) {
      first?.answer(0, 's1', 'sid=s1')
      assert.equal(first?.home('s1'), 'a:80')
      time.ms += 1_000
    }
    await time.pass(100)
    assert.equal(told().length, 1)
    for (let s = 0; s < 60; s += 1) {
      assert.equal(first?.home('s1'), 'a:80')
      await time.pass(60)
      time.ms += 940
    }
    assert.equal(second?.home('s1'), 'a:80')
    assert.ok(told().length <= 4, `told ${told().length} times`)
  })

  it('come together: 5,000 new ones are five messages, 50 ms apart', async () => {
    const { time, store, replicas, told } = await fleetOf(['r1', 'r2'])
    const [first, second] = replicas
    for (let i = 0; i < 5_000; i += 1) first?.answer(0, `s${i}`)
    await time.pass(300)
    const telling = store.messages.filter(({ sessions = [] }) => sessions.length > 0)
    assert.equal(telling.length, 5)
    assert.ok(told().every(({ digests }) => digests.length <= 100))
    assert.equal(second?.home('s4999'), 'a:80')
  })

  it('wait for a store that is down, 10,000 of them at most, and reach the others when it is back', async () => {
    const { time, store, replicas, told } = await fleetOf(['r1', 'r2'])
    const [first, second] = replicas
    store.down = true
    for (let i = 0; i < 12_000; i += 1) first?.answer(1, `s${i}`)
    await time.pass(3_000)
    assert.equal(told().length, 0)
    store.down = false
    await time.pass(2_000)
    assert.equal(second?.home('s11999'), 'b:80')
    assert.equal(second?.home('s0'), undefined)
    assert.equal(told().flatMap(({ digests }) => digests).length, 10_000)
  })

  it('never bring a server that is not in the list', async () => {
    const { time, store, replicas } = await fleetOf(['r1'])
    const [first] = replicas
    const digest = '0'.repeat(32)
    await store.exchange('shop', {
      replica: 'stranger',
      known: '',
      quorum: 1,
      sick: false,
      fails: [],
      returned: [],
      records: [],
      sessions: [{ kind: 'sessions', server: 'evil:80 0', replica: 'stranger', digests: [digest] }],
      listed: [],
      settled: false,
      leaving: false,
    })
    await time.pass(10)
    assert.equal(first?.upstream.learn?.size, 0)
  })
})

describe('news of sessions', () => {
  const digest = '0123456789abcdef'.repeat(2)

  it('are nothing but digests of a server, told by a replica', () => {
    assert.deepEqual(decodeNews('s a:80 0', `r1 ${digest}${digest}`), {
      kind: 'sessions',
      server: 'a:80 0',
      replica: 'r1',
      digests: [digest, digest],
    })
    for (const value of ['', 'r1', 'r1 ', `r1 ${digest}0`, `r1 ${digest.toUpperCase()}`, digest]) {
      assert.equal(decodeNews('s a:80 0', value), undefined, value)
    }
    assert.equal(decodeNews('s a:80 0', `r1 ${digest.repeat(200)}`), undefined)
  })

  it('that have changed while they were on their way are told again', () => {
    const queue = new SessionQueue()
    queue.put(digest, 'a:80 0')
    const sent = queue.next('r1')
    queue.put(digest, 'b:80 0')
    queue.delivered(sent)
    assert.deepEqual(queue.next('r1'), [
      { kind: 'sessions', server: 'b:80 0', replica: 'r1', digests: [digest] },
    ])
  })
})
