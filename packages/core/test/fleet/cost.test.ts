import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fleet } from '#core/fleet/fleet.js'
import { MemoryStore } from '#core/fleet/memory-store.js'
import type { Answer, Board, Message, Store } from '#core/fleet/store.js'
import type { Clock } from '#core/kernel/clock.js'
import { outcomes } from '#core/kernel/outcome.js'
import { createSeededRandom } from '#core/kernel/random.js'
import { Upstream } from '#core/upstream.js'
import { factsOf } from '../affinity/fixtures.js'
import { EventQueue } from './simulation/event-queue.js'

const SERVERS = ['a:80', 'b:80', 'c:80']

/** A store that counts what a Redis would be asked, and how much goes each way. */
class CountingStore implements Store, Board {
  commands = 0
  bytes = 0
  readonly #store: MemoryStore

  constructor(clock: Clock) {
    this.#store = new MemoryStore(clock)
  }

  async exchange(upstream: string, message: Message): Promise<Answer> {
    const answer = await this.#store.exchange(upstream, message)
    this.#count(message, answer)
    return answer
  }

  async lease(upstream: string, server: string, replica: string): Promise<number> {
    this.#count([upstream, server, replica])
    return this.#store.lease(upstream, server, replica)
  }

  // Each subscriber gets a copy of every piece of news: that is what a fleet pays for being told.
  subscribe(...[upstream, listener]: Parameters<Store['subscribe']>): () => void {
    return this.#store.subscribe(upstream, (news) => {
      this.bytes += JSON.stringify(news).length
      listener(news)
    })
  }

  async post(replica: string, text: string, ttlMs: number): Promise<void> {
    this.#count(text)
    await this.#store.post(replica, text, ttlMs)
  }

  read(): Promise<ReadonlyMap<string, string>> {
    return this.#store.read()
  }

  close(): void {
    this.#store.close()
  }

  #count(...values: unknown[]): void {
    this.commands += 1
    for (const value of values) this.bytes += JSON.stringify(value)?.length ?? 0
  }
}

/** Commands and bytes a second of a fleet over `seconds` of virtual time, after it has settled. */
async function costOf(replicas: number, outage: boolean, seconds = 10) {
  const queue = new EventQueue()
  const clock: Clock = { now: () => queue.nowMs, wall: () => queue.nowMs + 1_700_000_000_000 }
  const timers = {
    after: (ms: number, fn: () => void) =>
      queue.after(ms, () => {
        queue.wake()
        fn()
      }),
  }
  const store = new CountingStore(clock)
  const fleets = Array.from({ length: replicas }, (_, i) => {
    const upstream = new Upstream(
      { name: 'shop', servers: SERVERS.map((address) => ({ address, failTimeout: '5s' })) },
      { clock, random: createSeededRandom(i) },
    )
    const config = { replica: `gateway-${i}`, quorum: 2 }
    const fleet = new Fleet(config, { store, clock, timers, onChange: () => {} })
    upstream.join(fleet)
    fleet.post(() => ({
      version: 1,
      replica: config.replica,
      package: '0.1.0',
      configHash: 'a'.repeat(16),
      keyIds: [1],
      startedAt: 0,
      at: clock.wall(),
      store: 'up',
      upstreams: [upstream.snapshot()],
    }))
    return { upstream, fleet, rules: upstream.rules() }
  })
  if (outage) {
    for (const [i, { upstream, rules }] of fleets.entries()) {
      const request = (): void => {
        const passage = upstream.admit(factsOf(), rules)
        passage.begin({
          dispatch(lease) {
            const dead = lease.server.address === SERVERS[0]
            if (dead) lease.release(outcomes.refused)
            else {
              lease.answered(200)
              lease.release(outcomes.ok)
            }
          },
        })
        queue.after(66, request)
      }
      queue.after(5_000 + (i % 66), request)
    }
  }
  await queue.run(5_000, () => {})
  const before = { commands: store.commands, bytes: store.bytes }
  await queue.run(5_000 + seconds * 1000, () => {})
  for (const { fleet, upstream } of fleets) {
    fleet.close()
    upstream.close()
  }
  return {
    commands: (store.commands - before.commands) / seconds,
    kilobytes: (store.bytes - before.bytes) / seconds / 1000,
  }
}

test('what a fleet asks of its store is bounded, idle and in an outage, up to 1,000 replicas', async (t) => {
  for (const replicas of [3, 30, 1000]) {
    for (const outage of [false, true]) {
      const { commands, kilobytes } = await costOf(replicas, outage)
      const what = `${replicas} replicas, ${outage ? 'one server dead, 15 requests a second each' : 'idle'}`
      t.diagnostic(
        `${what}: ${commands.toFixed(0)} commands/s, ${kilobytes.toFixed(1)} kB/s (as JSON)`,
      )
      // Posts are at most 100 a second, exchanges take turns in a large fleet.
      assert.ok(commands <= 25 * replicas, `${what}: ${commands} commands a second`)
      assert.ok(commands <= 1_500, `${what}: ${commands} commands a second`)
    }
  }
})
