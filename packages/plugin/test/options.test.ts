import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OptionError } from '@holdfast/core'
import { KEY, startGateway } from './fixtures/gateway.js'

const upstream = { name: 'shop', servers: ['10.0.0.1:80', '10.0.0.2:80'] }
const token = 'a token of some length'

/** Why it is wrong, the options, and the path, the value and some of the words of the error. */
type Wrong = readonly [why: string, options: object, path: string, value: unknown, says: string]

const wrong: readonly Wrong[] = [
  ['no upstream', {}, 'holdfast.upstream', undefined, 'is required'],
  ['an upstream that is none', { upstream: 7 }, 'holdfast.upstream', 7, 'the options of an'],
  ['an unknown upstream', { upstream: 'shops' }, 'upstream', 'shops', 'neither the name'],
  [
    'a URL with a path',
    { upstream: 'http://10.0.0.1/x' },
    'upstream',
    'http://10.0.0.1/x',
    'http://host:port',
  ],
  [
    'a URL with a password',
    { upstream: 'http://me:pw@10.0.0.1' },
    'upstream.servers[0]',
    undefined,
    'must not hold a user or a password',
  ],
  ['an unknown option', { upstream, prefx: '/a' }, 'holdfast.prefx', undefined, "'prefix'"],
  [
    'a prefix without /',
    { upstream, prefix: 'shop' },
    'holdfast.prefix',
    'shop',
    "begins with '/'",
  ],
  ['a prefix with a query', { upstream, prefix: '/a?b' }, 'holdfast.prefix', '/a?b', 'path'],
  [
    'a rewritePrefix with a space',
    { upstream, rewritePrefix: '/a b' },
    'holdfast.rewritePrefix',
    '/a b',
    'path',
  ],
  [
    'httpMethods as text',
    { upstream, httpMethods: 'GET' },
    'holdfast.httpMethods',
    undefined,
    'list',
  ],
  [
    'a method that is none',
    { upstream, httpMethods: ['GET', 'P T'] },
    'holdfast.httpMethods[1]',
    'P T',
    'method',
  ],
  [
    'preHandler that is no hook',
    { upstream, preHandler: 'auth' },
    'holdfast.preHandler',
    'auth',
    'function',
  ],
  [
    'constraints as text',
    { upstream, constraints: 'a.example' },
    'holdfast.constraints',
    'a.example',
    'object',
  ],
  [
    'rewriteHeaders as an object',
    { upstream, rewriteHeaders: {} },
    'holdfast.rewriteHeaders',
    undefined,
    'function',
  ],
  [
    'rewriteRequestHeaders as text',
    { upstream, rewriteRequestHeaders: 'x' },
    'holdfast.rewriteRequestHeaders',
    'x',
    'function',
  ],
  ['a negative bodyLimit', { upstream, bodyLimit: -1 }, 'holdfast.bodyLimit', -1, 'whole number'],
  [
    'bodyLimit with a unit',
    { upstream, bodyLimit: '1mb' },
    'holdfast.bodyLimit',
    '1mb',
    'whole number',
  ],
  ['sticky true', { upstream, sticky: true }, 'holdfast.sticky', true, 'must be false'],
  [
    'retry on what is none',
    { upstream, retry: { on: ['errors'] } },
    'holdfast.retry.on[0]',
    'errors',
    "'error'",
  ],
  [
    'a timeout without a unit',
    { upstream, timeouts: { connect: 5 } },
    'holdfast.timeouts.connect',
    5,
    "'5s'",
  ],
  ['log that is none', { upstream, log: 'none' }, 'holdfast.log', 'none', "'off'"],
  [
    'stats without a token',
    { upstream, stats: { path: '/s' } },
    'holdfast.stats.token',
    undefined,
    '16',
  ],
  [
    'a short token',
    { upstream, stats: { path: '/s', token: 'short' } },
    'holdfast.stats.token',
    undefined,
    '16',
  ],
  [
    'stats without a path',
    { upstream, stats: { token } },
    'holdfast.stats.path',
    undefined,
    'is required',
  ],
  ['fleet as text', { upstream, fleet: 'redis://x' }, 'holdfast.fleet', undefined, 'object'],
  [
    'a server with a wrong weight',
    { upstream: { ...upstream, servers: ['10.0.0.1:80', { address: '10.0.0.2:80', weight: 0 }] } },
    'upstream.servers[1].weight',
    0,
    'whole number',
  ],
  [
    'an unknown option of a server',
    { upstream: { ...upstream, servers: [{ address: '10.0.0.1:80', wieght: 2 }] } },
    'upstream.servers[0].wieght',
    undefined,
    "'weight'",
  ],
  [
    'an unknown option of the cookie',
    { upstream: { ...upstream, sticky: { cookie: 'srv_id', keys: [KEY], samesite: 'lax' } } },
    'upstream.sticky.samesite',
    undefined,
    "'sameSite'",
  ],
  [
    'a certificate that is none',
    { upstream: { ...upstream, tls: { cert: 'a file name', key: 'another' } } },
    'upstream.tls',
    undefined,
    'cannot be used',
  ],
  [
    'a key from an unset variable',
    { upstream: { ...upstream, sticky: { cookie: 'srv_id', keys: [undefined] } } },
    'upstream.sticky.keys[0]',
    undefined,
    'environment variable',
  ],
]

describe('A registration is refused with the path and the value of', () => {
  for (const [why, options, path, value, says] of wrong) {
    it(`${why}: ${path}`, async (t) => {
      await assert.rejects(startGateway(t, { prefix: '/', ...options } as never), (error) => {
        assert.ok(error instanceof OptionError, String(error))
        assert.equal(error.code, 'HOLDFAST_OPTION')
        assert.equal(error.path, path)
        assert.deepEqual(error.value, value)
        assert.ok(error.message.startsWith(`${path}: `), error.message)
        assert.ok(error.message.includes(says), error.message)
        return true
      })
    })
  }

  it('a secret without showing it', async (t) => {
    const secrets = ['redis://:hunter2@cache', 'hunter2']
    for (const options of [
      { fleet: { redis: 7, password: secrets[1] } },
      { fleet: { redis: 'ftp://:hunter2@cache' } },
      { stats: { path: '/s', token: secrets[1] } },
      { upstream: { ...upstream, sticky: { cookie: 'srv_id', keys: [secrets[1]] } } },
      { upstream: 'http://me:hunter2@10.0.0.1/x' },
      { upstream: { ...upstream, tls: { cert: 'no certificate', key: secrets[1] } } },
    ]) {
      await assert.rejects(
        startGateway(t, { prefix: '/', upstream, ...options } as never),
        (error) => {
          assert.ok(error instanceof OptionError)
          assert.ok(!error.message.includes('hunter2'), error.message)
          assert.ok(!JSON.stringify(error).includes('hunter2'))
          return true
        },
      )
    }
  })
})

describe('The options that a registration was given', () => {
  it('are not changed', async (t) => {
    const options = {
      prefix: '/shop',
      upstream: { ...upstream, sticky: { cookie: 'srv_id', keys: [KEY] } },
      retry: { on: ['error' as const] },
    }
    const before = structuredClone(options)
    await startGateway(t, options)
    assert.deepEqual(options, before)
  })

  it('may be frozen, and absent ones may be undefined', async (t) => {
    const absent = Object.fromEntries(
      [
        'rewritePrefix',
        'httpMethods',
        'preHandler',
        'constraints',
        'rewriteHeaders',
        'rewriteRequestHeaders',
        'bodyLimit',
        'sticky',
        'retry',
        'timeouts',
        'log',
        'stats',
        'fleet',
      ].map((name) => [name, undefined]),
    )
    await startGateway(
      t,
      Object.freeze({ prefix: '/', upstream: Object.freeze(upstream), ...absent }),
    )
  })
})
