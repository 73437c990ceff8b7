/** A fleet in one process: what each replica hears, and when, is the test's. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Lease } from '#core/attempt/lease.js'
import { outcomes } from '#core/kernel/outcome.js'
import { createSeededRandom, type Random } from '#core/kernel/random.js'
import type { BalanceOptions, ServerOptions } from '#core/options/types.js'
import { Upstream } from '#core/upstream.js'
import { factsOf } from '../affinity/fixtures.js'

const KEY = 'p0ZxyX3K4nqOTxfr1FvPbzkRV9aXw0vDgSk6mWcE1mA='
const REPLICAS = 3
const SKEW_S = 5

/** The servers as they really are, whatever anybody has heard. */
class World {
  nowS = 1_000
  readonly alive = new Set<string>()
  readonly clock = { now: () => this.nowS * 1_000, wall: () => 1.7e12 + this.nowS * 1_000 }
  /** Every list that was announced, and when. */
  readonly announced: Array<{ readonly atS: number; readonly list: readonly ServerOptions[] }> = []

  announce(list: readonly ServerOptions[]): void {
    this.announced.push({ atS: this.nowS, list })
  }
}

interface Browser {
  cookies: string
  readonly servers: string[]
  readonly address: string
}

class Replica {
  readonly upstream: Upstream
  readonly #world: World
  readonly #skewS: () => number
  #heard = 0
  /** Requests that brought a cookie of a server of which this replica had not heard. */
  strangers = 0
  failed = 0
  strayed = 0

  constructor(world: World, balance: BalanceOptions, random: Random, skewS: () => number) {
    this.#world = world
    this.#skewS = skewS
    this.upstream = new Upstream(
      {
        name: 'shop',
        discover: () => assert.fail('the test tells'),
        balance,
        sticky: { cookie: 'srv', keys: [KEY] },
      },
      { clock: world.clock, random },
    )
  }

  /** Hears what was announced, as late as this replica is. */
  listen(): void {
    for (;;) {
      const next = this.#world.announced[this.#heard]
      // A gateway does not listen before it knows its servers.
      const lateS = this.#heard === 0 ? 0 : this.#skewS()
      if (next === undefined || this.#world.nowS < next.atS + lateS) break
      this.upstream.hearDiscovered(next.list)
      this.#heard += 1
    }
    this.upstream.review()
  }

  serve(browser: Browser): void {
    const facts = factsOf({ cookies: browser.cookies, remoteAddress: browser.address })
    const passage = this.upstream.admit(facts, this.upstream.rules())
    const home = browser.servers.at(-1) ?? ''
    if (passage.binding.lost === 'removed' && this.#world.alive.has(home)) this.strangers += 1
    const queue: Lease[] = []
    const dispatcher = { dispatch: (lease: Lease) => void queue.push(lease) }
    let answered = false
    if (passage.begin(dispatcher)) {
      for (const lease of queue) {
        const { server } = lease
        if (!this.upstream.servers.includes(server)) this.strayed += 1
        if (!this.#world.alive.has(server.address)) {
          const retry = { method: 'GET', sent: false, answered: false, replayable: true }
          passage.settle(lease, outcomes.refused, retry, dispatcher)
          continue
        }
        answered = true
        lease.answered(200)
        lease.release(outcomes.ok)
        const { binding, verdict } = passage
        const line = verdict && this.upstream.cookie?.setCookie({ binding, server, verdict, facts })
        if (line) browser.cookies = line.split(';')[0] ?? ''
        if (browser.servers.at(-1) !== server.address) browser.servers.push(server.address)
      }
    }
    if (!answered) this.failed += 1
    passage.end()
  }
}

interface Deploy {
  readonly seed: number
  readonly balance: BalanceOptions
  readonly sessions: number
}

/** Six servers are replaced one by one while sessions go on and new ones begin. */
function rollOut({ seed, balance, sessions }: Deploy) {
  const random = createSeededRandom(seed)
  const world = new World()
  const replicas = Array.from({ length: REPLICAS }, (_, i) => {
    // One is always late, one never, and one now and then.
    const skewS = () => (i === 0 ? 0 : i === 1 ? SKEW_S : random.below(SKEW_S + 1))
    return new Replica(world, balance, createSeededRandom(seed + i), skewS)
  })
  const browsers = Array.from({ length: sessions }, (_, i): Browser => {
    return { cookies: '', servers: [], address: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}` }
  })
  const list = new Map<string, ServerOptions>()
  const announce = (): void => world.announce([...list.values()])
  const run = (seconds: number): void => {
    for (let i = 0; i < seconds; i += 1) {
      world.nowS += 1
      for (const replica of replicas) replica.listen()
      for (let n = 0; n < sessions / 5; n += 1) {
        const browser = browsers[random.below(sessions)] as Browser
        replicas[random.below(REPLICAS)]?.serve(browser)
      }
    }
  }
  const names = [1, 2, 3, 4, 5, 6]
  for (const n of names) {
    list.set(`old-${n}`, { address: `old-${n}` })
    world.alive.add(`old-${n}`)
  }
  announce()
  run(30)
  for (const n of names) {
    list.set(`new-${n}`, { address: `new-${n}` })
    world.alive.add(`new-${n}`)
    announce()
    run(20)
    // It is being shut down: it serves on while the word goes round, and is gone then.
    list.set(`old-${n}`, { address: `old-${n}`, drain: true })
    announce()
    run(10)
    world.alive.delete(`old-${n}`)
    list.delete(`old-${n}`)
    announce()
    run(5)
  }
  run(90)
  return { replicas, browsers: browsers.filter(({ servers }) => servers.length > 0) }
}

describe('A rolling deploy over three replicas that learn of it up to five seconds apart', () => {
  for (const balance of [
    'round-robin',
    'least-conn',
    'random',
    'random-two',
    'ip-hash',
    { hash: '$remote_addr' },
    { hash: '$remote_addr', consistent: false },
    { hash: '$remote_addr', loadFactor: 1.5 },
  ] satisfies BalanceOptions[]) {
    for (const seed of [1, 2]) {
      test(`moves no session twice and fails nobody: ${JSON.stringify(balance)}, seed ${seed}`, () => {
        const { replicas, browsers } = rollOut({ seed, balance, sessions: 300 })
        const sum = (count: (replica: Replica) => number): number =>
          replicas.reduce((total, replica) => total + count(replica), 0)
        assert.equal(
          sum(({ failed }) => failed),
          0,
          'failed requests',
        )
        assert.equal(
          sum(({ strayed }) => strayed),
          0,
          'attempts at servers that are no members',
        )
        assert.equal(
          sum(({ strangers }) => strangers),
          0,
          'cookies for servers that a replica had not heard of',
        )
        const twice = browsers.filter(({ servers }) => servers.length > 2)
        assert.deepEqual(
          twice.map(({ servers }) => servers),
          [],
          'sessions moved twice',
        )
        assert.ok(browsers.length > 290)
        for (const { servers } of browsers) assert.match(servers.at(-1) ?? '', /^new/)
        const most = Math.max(...homes(browsers).values()) / (browsers.length / 6)
        assert.ok(most < 1.5, `a new server has ${most.toFixed(2)} of its share`)
      })
    }
  }
})

/** How many sessions ended where. */
function homes(browsers: readonly Browser[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { servers } of browsers) {
    const home = servers.at(-1) ?? ''
    counts.set(home, (counts.get(home) ?? 0) + 1)
  }
  return counts
}
