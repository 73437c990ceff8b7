/** The example whose servers announce themselves in Redis. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  announce,
  redisServers,
  withdraw,
} from '@holdfast/examples/redis-discovery/redis-servers.js'
import { Redis } from 'ioredis'
import { startGateway, type TestGateway } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { redisMissing, startRedis } from '#fixtures/redis.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

const KEY = 'servers:shop'

const members = ({ app }: TestGateway): string =>
  app.holdfast
    .get('test')
    .snapshot()
    .servers.map(({ address, state }) => `${address} ${state}`)
    .join()

test('servers that announce themselves are found, drain and leave', {
  skip: redisMissing() ?? false,
}, async (t) => {
  const daemon = await startRedis()
  t.after(() => daemon.stop())
  const redis = new Redis(daemon.url, { retryStrategy: () => 50 })
  redis.on('error', () => {})
  t.after(() => redis.disconnect())
  await announce(redis, KEY, { address: 'a:1' })
  const gateway = await startGateway(t, {
    servers: undefined,
    upstream: { discover: redisServers(redis, KEY), settle: '20ms', linger: '50ms' },
  })
  const untilMembers = (wanted: string): Promise<unknown> =>
    until(
      () => `${wanted}; it has ${members(gateway)}`,
      () => members(gateway) === wanted,
    )
  assert.equal(members(gateway), 'a:1 up')

  await announce(redis, KEY, { address: 'b:1' })
  await untilMembers('a:1 up,b:1 up')
  await withdraw(redis, KEY, { address: 'a:1' })
  await announce(redis, KEY, { address: 'a:1', drain: true })
  await untilMembers('a:1 drain,b:1 up')
  await withdraw(redis, KEY, { address: 'a:1', drain: true })
  await untilMembers('b:1 up')

  await daemon.stop()
  assert.equal(members(gateway), 'b:1 up')
})
