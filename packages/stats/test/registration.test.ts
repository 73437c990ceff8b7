import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { OptionError } from '@holdfast/core'
import Fastify from 'fastify'
import defaultExport, { stats } from '#stats/index.js'
import { serve } from './fixtures/app.js'
import { FakeGateway } from './fixtures/gateway.js'
import { aReplica } from './fixtures/snapshots.js'

/** A gateway as far as the statistics see one: what the plugin decorates the app with. */
function aGateway() {
  const app = Fastify()
  app.decorate('holdfast', new FakeGateway())
  return app
}

async function refusal(options: object): Promise<OptionError> {
  const app = Fastify()
  const error = await app.register(stats, options).then(
    () => assert.fail('it was accepted'),
    (reason: unknown) => reason,
  )
  await app.close()
  assert.ok(error instanceof OptionError)
  return error
}

test('the plugin is exported by its name and as the default', () => {
  assert.equal(defaultExport, stats)
})

test('on a gateway it finds the gateway by itself, and stays under its prefix', async (t) => {
  const app = aGateway()
  t.after(() => app.close())
  app.get('/metrics', async () => 'the gateway’s own')
  await app.register(stats, { prefix: '/ops/stats' })

  assert.equal((await app.inject('/metrics')).body, 'the gateway’s own')
  assert.equal((await app.inject('/metrics')).headers['cache-control'], undefined)
  const response = await app.inject('/ops/stats/api/v1/upstreams')
  assert.equal(response.json().upstreams[0].name, 'shop')
})

test('beside a route for everything else it still answers', async (t) => {
  const app = aGateway()
  t.after(() => app.close())
  app.all('/*', async (_request, reply) => reply.code(418).send())
  await app.register(stats, { prefix: '/stats' })
  assert.equal((await app.inject('/stats/healthz')).statusCode, 200)
  assert.equal((await app.inject('/elsewhere')).statusCode, 418)
})

test('without a source and without a gateway it refuses, and says what to do', async () => {
  const error = await refusal({})
  assert.equal(error.path, 'stats.source')
  assert.match(error.message, /register after @holdfast\/plugin/)
})

test('a source that cannot be called is refused with its value', async () => {
  const error = await refusal({ source: 'redis://localhost' })
  assert.equal(error.path, 'stats.source')
  assert.match(error.message, /must be a function \(got "redis:\/\/localhost"\)/)
})

test('an option that does not exist is refused by its name', async () => {
  const error = await refusal({ source: () => aReplica(), sauce: 1 })
  assert.equal(error.path, 'stats.sauce')
  assert.match(error.message, /known are gateway, source/)
})

test('without an admin token it can only be read', async (t) => {
  const app = await serve(t, () => aReplica())
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
    for (const url of ['/', '/metrics', '/api/v1/fleet', '/api/v1/upstreams/shop']) {
      assert.equal((await app.inject({ method, url })).statusCode, 404, `${method} ${url}`)
    }
  }
})

test('a source that fails is a 503 that gives nothing away, and the process is alive', async (t) => {
  const app = await serve(t, () => {
    throw new Error('connect ECONNREFUSED 10.0.0.5:6379')
  })
  for (const url of ['/metrics', '/readyz', '/api/v1/fleet', '/api/v1/upstreams']) {
    const response = await app.inject(url)
    assert.equal(response.statusCode, 503, url)
    assert.equal(response.json().code, 'HOLDFAST_NO_SNAPSHOT')
    assert.doesNotMatch(response.body, /10\.0\.0\.5/)
  }
  assert.equal((await app.inject('/healthz')).statusCode, 200)
})

test('with a source that answers it is ready', async (t) => {
  const app = await serve(t, async () => aReplica())
  assert.deepEqual((await app.inject('/readyz')).json(), { status: 'ok' })
})

test('the README names every option, and no other', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  const rows = [...readme.matchAll(/^\| (`\w+`(?:, `\w+`)*) \| /gm)]
  const named = rows.flatMap(([, names = '']) => names.replaceAll('`', '').split(', '))
  const [, known = ''] = /known are (.*)$/m.exec((await refusal({ none: 1 })).message) ?? []
  assert.deepEqual(named.sort(), known.split(', ').sort())
})
