import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ActiveChecks, type ChecksConfig } from '#core/health/checks.js'
import { createSeededRandom } from '#core/kernel/random.js'
import { createPool } from '#core/servers/pool.js'
import type { Server } from '#core/servers/server.js'
import { serverConfig } from '../picker/fixtures.js'
import { VirtualTime } from './virtual-time.js'

const CONFIG: ChecksConfig = {
  path: '/healthz',
  intervalMs: 5_000,
  timeoutMs: 2_000,
  rise: 2,
  fall: 3,
  expect: [{ from: 200, to: 399 }],
}

type Answer = number | 'silent' | 'refuses'

/** Checks of servers that answer as `answers` says by their address: a status, or never. */
function given(addresses: string[], first: Readonly<Record<string, Answer>> = {}) {
  const answers = new Map(Object.entries(first))
  const time = new VirtualTime()
  const pool = createPool(addresses.map((address) => serverConfig(address)))
  const asked: Array<{ address: string; path: string; atMs: number; signal: AbortSignal }> = []
  const prober = {
    probe({ address }: Server, path: string, signal: AbortSignal): Promise<number> {
      asked.push({ address, path, atMs: time.now(), signal })
      const answer = answers.get(address) ?? 200
      if (answer === 'silent') return new Promise(() => {})
      return answer === 'refuses' ? Promise.reject(new Error('refused')) : Promise.resolve(answer)
    },
  }
  const told: string[] = []
  const checks = new ActiveChecks(
    CONFIG,
    { timers: time, prober },
    createSeededRandom(7),
    (server) => told.push(`${server.address} ${server.condition}`),
  )
  checks.follow(pool.servers)
  return { time, pool, asked, answers, told, checks }
}

describe('Active checks', () => {
  test('ask every server for the path within the first interval, and then once an interval', async () => {
    const { time, asked } = given(['a', 'b'])
    await time.pass(CONFIG.intervalMs)
    assert.deepEqual([...new Set(asked.map(({ address }) => address))].sort(), ['a', 'b'])
    await time.pass(60_000)
    const firsts = ['a', 'b'].map((name) => asked.find(({ address }) => address === name)?.atMs)
    assert.notEqual(firsts[0], firsts[1], 'in step')
    for (const address of ['a', 'b']) {
      const times = asked.filter((one) => one.address === address).map(({ atMs }) => atMs)
      const pauses = times.slice(1).map((atMs, i) => atMs - times[i]!)
      assert.ok(Math.min(...pauses) >= 4_000 && Math.max(...pauses) <= 5_000, `${pauses}`)
      assert.ok(new Set(pauses).size > 1, 'they never differ')
    }
    assert.equal(asked[0]?.path, '/healthz')
  })

  test('take a server out that fails, and let it back when it passes', async () => {
    const { time, pool, answers, told } = given(['a', 'b'], { a: 503 })
    const [a, b] = pool.servers as [Server, Server]
    await time.pass(20_000)
    assert.equal(a.available(0), false)
    assert.equal(a.obstacle(0), 'ejected')
    assert.equal(b.available(0), true)
    answers.set('a', 200)
    await time.pass(15_000)
    assert.equal(a.available(0), true)
    assert.deepEqual(told, ['a sick', 'a well'])
  })

  test('count a refused connection and silence as fails', async () => {
    const { time, pool } = given(['a', 'b'], { a: 'refuses', b: 'silent' })
    await time.pass(30_000)
    assert.deepEqual(
      pool.servers.map(({ condition }) => condition),
      ['sick', 'sick'],
    )
  })

  test('wait for an answer no longer than the timeout, and tell the prober so', async () => {
    const { time, asked } = given(['a'], { a: 'silent' })
    while (asked.length === 0) await time.pass(100)
    const [first] = asked
    await time.pass(first!.atMs + 1_999 - time.now())
    assert.equal(first?.signal.aborted, false)
    await time.pass(1)
    assert.equal(first?.signal.aborted, true)
  })

  test('drain a server that answers 404, and take that back when it passes', async () => {
    const { time, pool, answers, told } = given(['a', 'b'], { a: 404 })
    const [a] = pool.servers as [Server]
    await time.pass(5_000)
    assert.equal(a.mode, 'drain')
    assert.equal(a.obstacle(0), undefined, 'its sessions stay')
    answers.set('a', 200)
    await time.pass(5_000)
    assert.equal(a.mode, 'up')
    assert.deepEqual(told, ['a drain', 'a well'])
  })

  test('leave the last word on a drain to the operator', async () => {
    const { time, pool } = given(['a', 'b'], { a: 404, b: 404 })
    const [a, b] = pool.servers as [Server, Server]
    a.overrideWith({ mode: 'up' })
    b.overrideWith({ weight: 5 })
    await time.pass(5_000)
    assert.deepEqual([a.mode, b.mode], ['up', 'drain'])
    b.overrideWith({ mode: 'down' })
    assert.equal(b.mode, 'down')
  })

  test('leave servers alone that are down, and take them up again with the rest', async () => {
    const { time, pool, asked } = given(['a'])
    const [a] = pool.servers as [Server]
    a.overrideWith({ mode: 'down' })
    await time.pass(30_000)
    assert.equal(asked.length, 0)
    a.overrideWith({})
    await time.pass(5_000)
    assert.equal(asked.length, 1)
  })

  test('follow the list: whoever is new is asked, whoever left is not, and the others go on', async () => {
    const { time, pool, asked, checks } = given(['a', 'b'], { b: 503 })
    await time.pass(20_000)
    const next = createPool([serverConfig('b'), serverConfig('c')], pool)
    checks.follow(next.servers)
    asked.length = 0
    await time.pass(10_000)
    assert.deepEqual([...new Set(asked.map(({ address }) => address))].sort(), ['b', 'c'])
    assert.deepEqual(
      next.servers.map(({ condition }) => condition),
      ['sick', 'well'],
    )
  })

  test('leave nothing behind when they are closed, not even a check under way', async () => {
    const { time, pool, asked, checks, told } = given(['a', 'b'], { a: 'silent' })
    while (!asked.some(({ address }) => address === 'a')) await time.pass(100)
    const underWay = asked.find(({ address }) => address === 'a')
    assert.equal(underWay?.signal.aborted, false)
    checks.close()
    assert.equal(time.pending, 0)
    assert.equal(underWay?.signal.aborted, true)
    const count = asked.length
    await time.pass(60_000)
    assert.equal(asked.length, count)
    assert.deepEqual(told, [])
    assert.equal(pool.servers[0]?.condition, 'well')
  })

  test('ignore an answer that comes after the timeout', async () => {
    const time = new VirtualTime()
    const pool = createPool([serverConfig('a')])
    let probes = 0
    let answerLate = (_status: number): void => {}
    const probe = (): Promise<number> => {
      probes += 1
      return new Promise((resolve) => {
        answerLate = resolve
      })
    }
    const ports = { timers: time, prober: { probe } }
    const config = { ...CONFIG, fall: 1, rise: 1 }
    const checks = new ActiveChecks(config, ports, createSeededRandom(1), () => {})
    checks.follow(pool.servers)
    while (pool.servers[0]?.condition === 'well') await time.pass(500)
    answerLate(200)
    await time.pass(0)
    assert.equal(pool.servers[0]?.condition, 'sick')
    assert.equal(probes, 1)
    checks.close()
  })
})
