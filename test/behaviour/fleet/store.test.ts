import { after, before, describe, type TestContext } from 'node:test'
import { type Clock, systemTimers } from '@holdfast/core'
import { createRedisStore, InsuredStore, MemoryStore } from '@holdfast/core/fleet'
import { failOnLeaks } from '#fixtures/leaks.js'
import { type Redis, redisMissing, startRedis } from '#fixtures/redis.js'
import { until } from '#fixtures/until.js'
import { boardContract, type OpenBoard, type OpenStore, storeContract } from './store-contract.js'

failOnLeaks()

storeContract('memory', async () => memory())
boardContract('memory', async () => memory())

storeContract('insured, around memory', async () => {
  const { store, pass } = memory()
  const insured = new InsuredStore(store, { timers: systemTimers, onChange: () => {} })
  // Until the first exchange it would answer for the store.
  await insured.exchange('elsewhere', {
    replica: undefined,
    known: '',
    quorum: 1,
    sick: false,
    fails: [],
    returned: [],
    records: [],
    listed: [],
    settled: false,
    leaving: false,
  })
  return { store: insured, pass }
})

describe('with a real Redis', { skip: redisMissing() }, () => {
  let redis: Redis
  let namespaces = 0
  before(async () => {
    redis = await startRedis()
  })
  after(() => redis.stop())
  const open = (t: TestContext) => {
    namespaces += 1
    return overRedis(t, redis, `n${namespaces}`)
  }
  storeContract('Redis', open)
  boardContract('Redis', open)
})

function memory(): OpenStore & OpenBoard {
  let nowMs = Date.UTC(2026, 0, 1)
  const clock: Clock = { now: () => nowMs, wall: () => nowMs }
  const store = new MemoryStore(clock)
  return {
    store,
    board: store,
    async pass(ms) {
      nowMs += ms
    },
  }
}

async function overRedis(
  t: TestContext,
  redis: Redis,
  namespace: string,
): Promise<OpenStore & OpenBoard> {
  const store = await createRedisStore({ redis: redis.url, namespace }, systemTimers)
  t.after(() => store.close())
  await until('a connection', () => store.read())
  return {
    store,
    board: store,
    // Its clock is its own, so there is nothing to do but to wait.
    pass: (ms) => {
      const endMs = performance.now() + ms
      return until('time to pass', () => performance.now() >= endMs).then(() => {})
    },
  }
}
