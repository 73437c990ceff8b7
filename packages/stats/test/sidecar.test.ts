import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { OptionError } from '@holdfast/core'
import { serve } from '#stats/sidecar/serve.js'
import { type Flags, settle } from '#stats/sidecar/settings.js'
import { anUpstream, aReplica, aServer } from './fixtures/snapshots.js'

const BIN = fileURLToPath(new URL('../dist/bin.js', import.meta.url))
const TOKEN = 'token-of-16-characters'
const REDIS = 'redis://127.0.0.1:6379'

function files(contents: Readonly<Record<string, string>>) {
  return (path: string): string => {
    const content = contents[path]
    if (content === undefined) throw new Error('ENOENT: no such file')
    return content
  }
}

function settings(flags: Flags, env: Record<string, string> = {}, contents = {}) {
  return settle(flags, env, files(contents))
}

describe('The settings of the sidecar', () => {
  test('are for this machine unless told otherwise', () => {
    const { host, port, stats } = settings({ redis: REDIS })
    assert.deepEqual([host, port, stats.redis], ['127.0.0.1', 9090, REDIS])
  })

  test('come from flags, then the environment, then the file', () => {
    const file = JSON.stringify({
      listen: '127.0.0.1:1',
      redis: 'redis://file:1',
      namespace: 'file',
    })
    const env = { HOLDFAST_LISTEN: '127.0.0.1:2', HOLDFAST_REDIS_URL: 'redis://env:1' }
    const { port, stats } = settings({ config: 'c.json', listen: '127.0.0.1:3' }, env, {
      'c.json': file,
    })
    assert.deepEqual([port, stats.redis, stats.namespace], [3, 'redis://env:1', 'file'])
  })

  test('take tokens from the environment or a file, and one for all replicas', () => {
    const contents = {
      tokens: `# for operators\nHOLDFAST_ADMIN_TOKEN=${TOKEN}\r\n\nHOLDFAST_REPLICA_TOKEN=${TOKEN}2\n`,
    }
    const urls = ['http://a/snapshot', 'http://b/snapshot']
    const flags = { replica: urls, 'token-file': 'tokens' }
    const { stats } = settings(flags, { HOLDFAST_READ_TOKEN: `${TOKEN}3` }, contents)
    assert.deepEqual(stats.tokens, { read: `${TOKEN}3`, admin: TOKEN })
    assert.deepEqual(
      stats.replicas?.map(({ url, token }) => [url, token]),
      urls.map((url) => [url, `${TOKEN}2`]),
    )
  })

  test('off loopback want a read token', () => {
    for (const listen of ['0.0.0.0:9090', '[::]:9090', '10.0.0.5:9090', 'stats.internal:80']) {
      assert.throws(() => settings({ redis: REDIS, listen }), /HOLDFAST_READ_TOKEN is needed/)
      const { host } = settings({ redis: REDIS, listen }, { HOLDFAST_READ_TOKEN: TOKEN })
      assert.ok(listen.includes(host))
    }
    for (const listen of ['127.0.0.1:0', '[::1]:9090', 'localhost:9090']) {
      assert.doesNotThrow(() => settings({ redis: REDIS, listen }))
    }
  })

  for (const [what, flags, contents, expected] of [
    ['no gateways', {}, {}, /where are the gateways/],
    ['two kinds of gateways', { redis: REDIS, replica: ['http://a/'] }, {}, /not both/],
    ['a replica without a token', { replica: ['http://a/'] }, {}, /HOLDFAST_REPLICA_TOKEN/],
    ['a port that is none', { redis: REDIS, listen: '127.0.0.1:99999' }, {}, /HOST:PORT/],
    ['a level that is none', { redis: REDIS, 'log-level': 'loud' }, {}, /must be one of/],
    ['a file that is not there', { config: 'no.json' }, {}, /cannot be read/],
    ['a file that is no JSON', { config: 'c' }, { c: 'listen: 1' }, /is no JSON/],
    [
      'a file with a word too many',
      { config: 'c' },
      { c: '{"lisden":"x"}' },
      /did you mean 'listen'/,
    ],
    [
      'a token file of another kind',
      { redis: REDIS, 'token-file': 't' },
      { t: `${TOKEN}` },
      /line 1/,
    ],
  ] as const) {
    test(`with ${what} are refused, and say why`, () => {
      assert.throws(
        () => settings(flags, {}, contents),
        (error: unknown) => {
          assert.ok(error instanceof OptionError)
          assert.match(error.message, expected)
          assert.ok(!error.message.includes(TOKEN))
          return true
        },
      )
    })
  }
})

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [BIN, ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, err] = [
    child.stdout.setEncoding('utf8').toArray(),
    child.stderr.setEncoding('utf8').toArray(),
  ]
  const [code] = await once(child, 'close')
  return { code, out: (await out).join(''), err: (await err).join('') }
}

describe('holdfast-stats', () => {
  test('explains itself', async () => {
    const { code, out } = await run(['--help'])
    assert.equal(code, 0)
    for (const flag of ['--redis', '--replica', '--listen', '--token-file', '--config']) {
      assert.ok(out.includes(flag), flag)
    }
  })

  test('tells a mistake in one line, and ends', async () => {
    for (const args of [[], ['--sauce'], ['--redis', REDIS, '--listen', '0.0.0.0:0']]) {
      const { code, err } = await run(args)
      assert.equal(code, 1)
      assert.equal(err.trim().split('\n').length, 1, err)
    }
  })

  test('names the flag, the variable or the line of the file that is wrong, with its value', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-'))
    const config = join(folder, 'stats.json')
    const replicas = [{ url: 'ftp://a/', token: TOKEN }]
    const told = async (args: readonly string[], file: object = {}, env = {}) => {
      await writeFile(config, JSON.stringify(file))
      return (await run([...args, '--config', config], env)).err.split(':')[0] ?? ''
    }
    const redis = ['--redis', REDIS]
    assert.equal(await told([...redis, '--interval', 'soon']), '--interval')
    assert.equal(await told(redis, { interval: 'soon' }), `${config}.interval`)
    assert.equal(await told([], { redis: 'http://a' }), `${config}.redis`)
    assert.equal(await told([], {}, { HOLDFAST_REDIS_URL: 'http://a' }), 'HOLDFAST_REDIS_URL')
    assert.equal(await told([], { replicas }), `${config}.replicas[0].url`)
    assert.equal(await told(redis, {}, { HOLDFAST_ADMIN_TOKEN: 'short' }), 'HOLDFAST_ADMIN_TOKEN')
    const short = { HOLDFAST_REPLICA_TOKEN: 'short' }
    assert.equal(await told(['--replica', 'http://a/'], {}, short), 'HOLDFAST_REPLICA_TOKEN')
    const { err } = await run([...redis, '--interval', 'soon'])
    assert.match(err, /^--interval: must be a duration.*\(got "soon"\)\n$/)
    await rm(folder, { recursive: true })
  })

  test('serves until it is told to stop, even while nothing answers it', async (t) => {
    const args = ['--replica', 'http://127.0.0.1:9/', '--listen', '127.0.0.1:0']
    const child = spawn(process.execPath, [BIN, ...args], {
      env: { PATH: process.env.PATH, HOLDFAST_REPLICA_TOKEN: TOKEN },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    t.after(() => child.kill('SIGKILL'))
    let log = ''
    for await (const chunk of child.stdout.setEncoding('utf8')) {
      log += chunk
      if (log.includes('Server listening')) break
    }
    const [, origin = ''] = /Server listening at (http:\/\/[\d.:]+)/.exec(log) ?? []
    assert.equal((await fetch(`${origin}/healthz`)).status, 200)
    assert.equal((await fetch(`${origin}/readyz`)).status, 503)
    const dashboards = await Promise.all(
      Array.from({ length: 20 }, () => fetch(`${origin}/events`)),
    )
    const startedMs = performance.now()
    child.kill('SIGTERM')
    assert.deepEqual(await once(child, 'exit'), [0, null])
    assert.ok(performance.now() - startedMs < 2_000)
    // Each was told: its stream has ended, or broke off.
    await Promise.allSettled(dashboards.map((dashboard) => dashboard.text()))
  })

  test('knows servers by ids as long as an address can be, whatever characters they have', async (t) => {
    const id = '/'.repeat(255)
    const upstreams = [anUpstream({ servers: [aServer({ id })] })]
    const app = await serve({
      host: '127.0.0.1',
      port: 0,
      logLevel: 'silent',
      stats: { source: () => aReplica({ upstreams }) },
    })
    t.after(() => app.close())
    const path = `/api/v1/upstreams/shop/servers/${encodeURIComponent(id)}`
    for (const url of [path, `${path}/drain`, `${path}/history`]) {
      assert.equal((await app.inject({ url, headers: { host: 'localhost' } })).statusCode, 200, url)
    }
  })
})
