import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Census } from '#core/rebalance/census.js'
import { Server } from '#core/servers/server.js'
import { serverConfig } from '../picker/fixtures.js'

const [a, b] = ['a', 'b'].map((address) => new Server(serverConfig(address))) as [Server, Server]

test('a session counts once, where it was last', () => {
  const census = new Census()
  census.see('one', a, 0)
  census.see('two', a, 1)
  census.see('one', a, 2)
  assert.equal(census.count(a), 2)
  census.see('one', b, 3)
  assert.deepEqual([census.count(a), census.count(b), census.size], [1, 1, 2])
})

test('a session that has not been seen for ten minutes counts no more', () => {
  const census = new Census()
  census.see('one', a, 0)
  census.see('two', a, 600_000)
  assert.equal(census.count(a), 2)
  census.see('two', a, 600_001)
  assert.equal(census.count(a), 1)
  assert.equal(census.find('one'), undefined)
})

test('of more than a hundred thousand sessions the latest are remembered', () => {
  const census = new Census()
  for (let i = 0; i <= 100_000; i += 1) census.see(`${i}`, a, i)
  assert.equal(census.size, 100_000)
  assert.equal(census.find('0'), undefined)
  assert.equal(census.count(a), 100_000)
})
