import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createSeededRandom } from '#core/kernel/random.js'
import type { UpstreamOptions } from '#core/options/types.js'
import { type Answer, type Behaviour, Traffic } from './traffic.js'

const RETRY = {
  retry: { on: ['error', 'timeout', 500] },
} as const satisfies Partial<UpstreamOptions>

/** `sick` answers 500 in `percent` of the cases; the others are fine. */
function browning(sick: string, percent: number): Behaviour {
  const random = createSeededRandom(42)
  return (address) => (sick.includes(address) && random.below(100) < percent ? 500 : 200)
}

const fine: Behaviour = () => 200

function share(answers: readonly Answer[], of: (answer: Answer) => boolean): number {
  return answers.filter(of).length / answers.length
}

const isError = ({ status }: Answer): boolean => status >= 500

describe('A server that answers 30 % of its requests with 500', () => {
  test('is out within 10 s, and clients see at most 0.5 % of errors from then on', async () => {
    const traffic = new Traffic(RETRY)
    await traffic.flow(30)
    const beganMs = traffic.time.now()
    traffic.behaviour = browning('a', 30)
    const answers = await traffic.flow(120)
    const [first] = traffic.events.filter(({ type }) => type === 'ejected')
    assert.equal(first?.server, 'a')
    assert.ok(first.atMs - beganMs <= 10_000, `after ${first.atMs - beganMs} ms`)
    const after = answers.filter(({ atMs }) => atMs > first.atMs)
    assert.ok(share(after, isError) <= 0.005, `${share(after, isError) * 100} %`)
  })

  test('is back with its full share when it has recovered', async () => {
    const traffic = new Traffic(RETRY)
    traffic.behaviour = browning('a', 30)
    await traffic.flow(60)
    traffic.behaviour = fine
    await traffic.flow(31)
    assert.equal(traffic.upstream.snapshot().servers[0]?.state, 'up')
    const share3 = share(await traffic.flow(10), ({ address }) => address === 'a')
    assert.ok(Math.abs(share3 - 1 / 3) < 0.01, `${share3}`)
  })

  test('is asked less and less while it stays so, with a backoff', async () => {
    const asked = async (backoff: number): Promise<number> => {
      const traffic = new Traffic({ ...RETRY, ejection: { backoff, cap: '5m' } })
      traffic.behaviour = browning('a', 30)
      await traffic.flow(600, 20)
      return traffic.upstream.snapshot().servers[0]?.attempts ?? 0
    }
    const [steady, backing] = [await asked(1), await asked(2)]
    assert.ok(backing < steady / 2, `${backing} against ${steady}`)
  })

  test('comes back slowly where it is to, so that a relapse meets fewer clients', async () => {
    const servers = ['a', 'b', 'c'].map((address) => ({ address, slowStart: '60s' }))
    const traffic = new Traffic({ ...RETRY, servers })
    traffic.behaviour = browning('a', 30)
    await traffic.flow(5)
    traffic.behaviour = fine
    await traffic.flow(31)
    const atFirst = share(await traffic.flow(3), ({ address }) => address === 'a')
    assert.ok(atFirst > 0 && atFirst < 0.1, `${atFirst}`)
    await traffic.flow(60)
    const atLast = share(await traffic.flow(3), ({ address }) => address === 'a')
    assert.ok(Math.abs(atLast - 1 / 3) < 0.01, `${atLast}`)
  })
})

describe('With 2 of 3 servers that answer 500', () => {
  test('the third answers everybody, and is never out', async () => {
    const traffic = new Traffic(RETRY)
    traffic.behaviour = browning('ab', 100)
    await traffic.flow(2)
    const answers = await traffic.flow(60)
    assert.equal(share(answers, isError), 0)
    assert.deepEqual([...new Set(traffic.events.map(({ server }) => server))].sort(), ['a', 'b'])
  })

  test('only one is out where half of the servers must stay, and the other is counted', async () => {
    const traffic = new Traffic({ ...RETRY, ejection: { maxShare: 0.5 } })
    traffic.behaviour = browning('ab', 100)
    await traffic.flow(60)
    const { servers } = traffic.upstream.snapshot()
    assert.equal(servers.filter(({ state }) => state === 'ejected').length, 1)
    const spared = servers.filter(
      ({ ejections, ejectionsDetected }) => ejectionsDetected !== ejections,
    )
    assert.equal(spared.length, 1)
  })
})

describe('With every server failing', () => {
  test('requests still go out, and the first server to recover is found at once', async () => {
    const traffic = new Traffic({})
    traffic.behaviour = () => 'refuses'
    await traffic.flow(5)
    const before = traffic.upstream.snapshot().servers
    await traffic.flow(5)
    const after = traffic.upstream.snapshot().servers
    const attempts = (servers: typeof after): number =>
      servers.reduce((sum, server) => sum + server.attempts, 0)
    assert.ok(attempts(after) - attempts(before) >= 500, 'a request found no server to try')
    assert.ok(after.every(({ state }) => state !== 'up'))

    traffic.behaviour = (address) => (address === 'c' ? 200 : 'refuses')
    assert.equal(share(await traffic.flow(5), isError), 0)
  })

  test('they are refused at once where that is asked for, as nginx does', async () => {
    const traffic = new Traffic({ failOpen: false })
    traffic.behaviour = () => 'refuses'
    await traffic.flow(5)
    const { servers } = traffic.upstream.snapshot()
    await traffic.flow(5)
    assert.deepEqual(
      traffic.upstream.snapshot().servers.map(({ attempts }) => attempts),
      servers.map(({ attempts }) => attempts),
    )
  })
})
