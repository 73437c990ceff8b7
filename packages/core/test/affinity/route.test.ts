import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { unbound } from '#core/affinity/binding.js'
import { createRouteAffinity } from '#core/affinity/route.js'
import { factsOf, poolOf, serverConfig } from './fixtures.js'

const affinity = createRouteAffinity({
  kind: 'route',
  route: ['$cookie_route', '$arg_route'],
  fallback: true,
})
const pool = poolOf(
  serverConfig('10.0.0.1:80', { route: 'a' }),
  '10.0.0.2',
  serverConfig('10.0.0.3:80', { route: 'a', backup: true }),
)
affinity.follow(pool)

test('the first key that is not empty names the server by its route', () => {
  const facts = factsOf({ cookies: 'route=a', target: '/?route=b' })
  const binding = affinity.read(facts)
  assert.equal(binding.server, pool.servers[0])
  assert.equal(binding.source, 'route')
  assert.equal(affinity.read(factsOf({ target: '/?route=a' })).server, pool.servers[0])
})

test('a server without a route goes by the MD5 of its address with the port', () => {
  const id = createHash('md5').update('10.0.0.2:80').digest('hex')
  assert.equal(affinity.read(factsOf({ cookies: `route=${id}` })).server, pool.servers[1])
})

test('a route of no server is lost, and no route is no binding', () => {
  const lost = affinity.read(factsOf({ cookies: 'route=z' }))
  assert.equal(lost.server, undefined)
  assert.equal(lost.lost, 'removed')
  assert.equal(affinity.read(factsOf()), unbound)
})
