/** What an upstream does with its sessions after it has grown. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Lease } from '#core/attempt/lease.js'
import { outcomes } from '#core/kernel/outcome.js'
import { createSeededRandom } from '#core/kernel/random.js'
import type { RebalanceOptions, UpstreamOptions } from '#core/options/types.js'
import { Upstream } from '#core/upstream.js'
import { factsOf } from '../affinity/fixtures.js'

const KEY = 'p0ZxyX3K4nqOTxfr1FvPbzkRV9aXw0vDgSk6mWcE1mA='
const FOUR = ['a', 'b', 'c', 'd']
const SIX = [...FOUR, 'e', 'f']

class Browser {
  cookies = ''
  server = ''
  seenMs = 0
  moves = 0
}

interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** The server's answer lets the session go. */
  readonly releases?: boolean
  /** Servers that refuse. */
  readonly dead?: ReadonlySet<string>
}

class Shop {
  nowMs: number
  readonly clock = { now: () => this.nowMs, wall: () => 1.7e12 + this.nowMs }
  readonly upstream: Upstream

  constructor(
    rebalance: RebalanceOptions | undefined,
    more: Partial<UpstreamOptions> = {},
    nowMs = 1_000_000,
  ) {
    this.nowMs = nowMs
    this.upstream = new Upstream(
      {
        name: 'shop',
        servers: FOUR,
        sticky: { cookie: 'srv', keys: [KEY] },
        rebalance,
        ...more,
      },
      { clock: this.clock, random: createSeededRandom(1) },
    )
  }

  /** Sends one request; the verdict's reason, if the session was moved. */
  send(browser: Browser, { method = 'GET', headers = {}, releases, dead }: Sent = {}) {
    const facts = factsOf({ method, headers, cookies: browser.cookies })
    const passage = this.upstream.admit(facts, this.upstream.rules())
    const queue: Lease[] = []
    const dispatcher = { dispatch: (lease: Lease) => void queue.push(lease) }
    passage.begin(dispatcher)
    for (const lease of queue) {
      if (dead?.has(lease.server.address)) {
        const retry = { method, sent: false, answered: false, replayable: true }
        passage.settle(lease, outcomes.refused, retry, dispatcher)
        continue
      }
      lease.answered(200)
      if (releases) passage.release()
      lease.release(outcomes.ok)
      const { binding, verdict } = passage
      const { server } = lease
      const line = verdict && this.upstream.cookie?.setCookie({ binding, server, verdict, facts })
      if (line) browser.cookies = line.split(';')[0] ?? ''
      if (browser.server !== '' && browser.server !== server.address) browser.moves += 1
      browser.server = server.address
    }
    browser.seenMs = this.nowMs
    passage.end()
    return passage.moved
  }

  /** Sessions that have all been seen twice, and a minute in which the upstream has warmed up. */
  open(count: number): Browser[] {
    const browsers = Array.from({ length: count }, () => new Browser())
    for (const browser of browsers) this.send(browser)
    this.nowMs += 61_000
    for (const browser of browsers) this.send(browser)
    return browsers
  }

  grow(): void {
    this.upstream.update({ servers: SIX })
  }

  moved(): number {
    return this.upstream.snapshot().affinity.moved.rebalance ?? 0
  }
}

function homes(browsers: readonly Browser[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { server } of browsers) counts.set(server, (counts.get(server) ?? 0) + 1)
  return counts
}

describe('From four servers to six with 10,000 sessions', () => {
  test('is within the margin in the promised time, never over the budget, no session twice', (t) => {
    const random = createSeededRandom(7)
    const perMinute = 600
    const shop = new Shop({ perMinute, margin: 0.1 })
    const browsers = shop.open(10_000)
    shop.grow()
    const startedMs = shop.nowMs
    const moves: number[] = []
    const idle = { moved: 0, all: 0, count: 0 }
    const within = (): boolean => {
      const counts = homes(browsers)
      return SIX.every((server) => {
        const share = (counts.get(server) ?? 0) / (browsers.length / SIX.length)
        return Math.abs(share - 1) <= 0.1 + 1e-9
      })
    }
    // Two new servers lack nine tenths of a sixth each.
    const toMove = (2 * 0.9 * browsers.length) / 6
    const promisedMs = (toMove / (0.9 * perMinute)) * 60_000
    let withinAfterMs: number | undefined
    while (shop.nowMs - startedMs < promisedMs * 1.5) {
      shop.nowMs += 100
      // 330 requests a second: a session is idle for half a minute on average.
      for (let n = 0; n < 33; n += 1) {
        const browser = browsers[random.below(browsers.length)] as Browser
        const idleMs = shop.nowMs - browser.seenMs
        idle.all += idleMs
        idle.count += 1
        if (shop.send(browser) === undefined) continue
        moves.push(shop.nowMs)
        idle.moved += idleMs
      }
      if (withinAfterMs === undefined && within()) withinAfterMs = shop.nowMs - startedMs
    }
    let inAMinute = 0
    for (let first = 0, last = 0; last < moves.length; last += 1) {
      while ((moves[last] ?? 0) - (moves[first] ?? 0) >= 60_000) first += 1
      inAMinute = Math.max(inAMinute, last - first + 1)
    }
    const meanS = (sum: number, count: number): number => Math.round(sum / count / 1000)
    t.diagnostic(
      `${moves.length} moved of ${browsers.length}; within the margin after ${Math.round((withinAfterMs ?? 0) / 1000)} s, ` +
        `promised ${Math.round(promisedMs / 1000)} s; at most ${inAMinute} a minute; idle for ${meanS(idle.moved, moves.length)} s ` +
        `on average when moved, ${meanS(idle.all, idle.count)} s all`,
    )
    assert.ok(withinAfterMs !== undefined && withinAfterMs <= promisedMs * 1.1)
    assert.ok(within(), 'and stays there')
    assert.ok(inAMinute <= perMinute)
    assert.equal(Math.max(...browsers.map((browser) => browser.moves)), 1)
    assert.equal(shop.moved(), moves.length)
    assert.ok(idle.moved / moves.length > idle.all / idle.count, 'the idle ones first')
    assert.ok(moves.length < toMove * 1.15, 'and no more of them than needed')
  })
})

describe('A session', () => {
  const crowded = (more: Partial<RebalanceOptions> = {}): { shop: Shop; browsers: Browser[] } => {
    const shop = new Shop({ perMinute: 1_000, ...more })
    const browsers = shop.open(200)
    shop.nowMs += 60_000
    shop.grow()
    return { shop, browsers }
  }

  test('stays where it is when nobody asked for more', () => {
    const shop = new Shop(undefined)
    const browsers = shop.open(200)
    shop.grow()
    for (const browser of browsers) assert.equal(shop.send(browser), undefined)
  })

  test('is moved by a GET and by nothing else', () => {
    const { shop, browsers } = crowded()
    for (const browser of browsers) {
      assert.equal(shop.send(browser, { method: 'POST' }), undefined)
      assert.equal(shop.send(browser, { headers: { upgrade: 'websocket' } }), undefined)
    }
    shop.nowMs += 60_000
    for (const browser of browsers) shop.send(browser)
    assert.ok(shop.moved() > 50)
  })

  test('is moved by any request once its server has let it go', () => {
    const { shop, browsers } = crowded()
    for (const browser of browsers) shop.send(browser, { method: 'POST', releases: true })
    assert.equal(shop.moved(), 0)
    shop.nowMs += 60_000
    for (const browser of browsers) shop.send(browser, { method: 'POST' })
    assert.ok(shop.moved() > 50)
  })

  test('follows its move although a request comes with the old cookie', () => {
    const { shop, browsers } = crowded()
    const [browser, old] = movedOne(shop, browsers)
    const { server } = browser
    browser.cookies = old
    assert.equal(shop.send(browser, { method: 'POST' }), 'rebalance')
    assert.equal(browser.server, server)
  })

  test('goes home when its new server does not take it', () => {
    const { shop, browsers } = crowded()
    const dead = new Set(['e', 'f'])
    for (const browser of browsers) {
      const { server } = browser
      assert.equal(shop.send(browser, { dead }), undefined)
      assert.equal(browser.server, server)
    }
    assert.equal(shop.moved(), 0)
  })

  test('is not moved back by a server that has been away', () => {
    const { shop, browsers } = crowded()
    const [browser] = movedOne(shop, browsers)
    const { server } = browser
    shop.upstream.override(server, { mode: 'down' })
    assert.equal(shop.send(browser), 'down')
    shop.upstream.override(server, {})
    assert.equal(shop.send(browser), undefined)
    assert.notEqual(browser.server, server)
  })

  test('is left alone while its server drains', () => {
    const { shop, browsers } = crowded()
    for (const server of FOUR) shop.upstream.override(server, { mode: 'drain' })
    for (const browser of browsers) assert.equal(shop.send(browser), undefined)
  })

  test('is left alone by a gateway that has just started', () => {
    const { shop, browsers } = crowded()
    const other = new Shop({ perMinute: 1_000 }, { servers: SIX }, shop.nowMs)
    for (let second = 0; second < 59; second += 1) {
      other.nowMs += 1_000
      for (const browser of browsers.slice(0, 20)) assert.equal(other.send(browser), undefined)
    }
  })

  test('counts for its share of the weights', () => {
    const shop = new Shop(
      { perMinute: 100_000, margin: 0.05 },
      { servers: [{ address: 'a', weight: 3 }, 'b'] },
    )
    const browsers = shop.open(400)
    assert.equal(homes(browsers).get('a'), 300)
    shop.upstream.override('a', { weight: 1 })
    for (let round = 0; round < 20; round += 1) {
      shop.nowMs += 10_000
      for (const browser of browsers) shop.send(browser)
    }
    const [a = 0, b = 0] = [homes(browsers).get('a'), homes(browsers).get('b')]
    assert.ok(Math.abs(a - b) <= 2 * 0.05 * 200, `${a} and ${b}`)
  })
})

/** The first session that a GET moves, with the cookie that it had. */
function movedOne(shop: Shop, browsers: readonly Browser[]): [Browser, string] {
  for (const browser of browsers) {
    const { cookies } = browser
    if (shop.send(browser) === 'rebalance') return [browser, cookies]
  }
  return assert.fail('none was moved')
}
