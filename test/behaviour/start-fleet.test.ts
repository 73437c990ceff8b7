/** The demo of a whole fleet: `npm run start:fleet`. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, describe, it, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Fleet, startFleet } from '@holdfast/examples/fleet/fleet.js'
import { killInTurn } from '@holdfast/examples/fleet/kill.js'
import { temporaryFolder } from '#fixtures/daemon.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { redisMissing } from '#fixtures/redis.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

const MAIN = fileURLToPath(import.meta.resolve('@holdfast/examples/fleet/main.js'))
const skip = redisMissing()

describe('the fleet', { skip }, () => {
  let fleet: Fleet
  before(async () => {
    fleet = await startFleet()
  })
  after(() => fleet.close())

  it('has one session through all three gateways, and one page that shows them', async () => {
    const { gateways, dashboard } = fleet
    let cookie = ''
    const answers: unknown[] = []
    for (const { address } of gateways) {
      const response = await fetch(`http://${address}/shop/`, {
        headers: { cookie, connection: 'close' },
      })
      const lines = response.headers.getSetCookie()
      cookie ||= lines.map((line) => line.split(';', 1)[0]).join('; ')
      const { server, visits } = (await response.json()) as { server: string; visits: number }
      answers.push([server, visits])
    }
    const [[server]] = answers as [[string]]
    assert.deepEqual(answers, [
      [server, 1],
      [server, 2],
      [server, 3],
    ])
    await until('all replicas in the statistics', async () => {
      const url = new URL('/api/v1/fleet', dashboard)
      const response = await fetch(url, { headers: { connection: 'close' } })
      const { replicas = [] } = (await response.json()) as { replicas?: unknown[] }
      return replicas.length === 3
    })
  })

  it('loses the sessions of a killed server, and none with a killed gateway or Redis', async (t) => {
    const killings = await killInTurn(fleet, { seconds: 2, perSecond: 60 }, () => {})
    const [well, server, gateway, redis, after] = killings
    assert.ok(well && server && gateway && redis && after)
    const shown = JSON.stringify(killings, undefined, 2)
    t.diagnostic(shown)
    assert.deepEqual([server.what, gateway.what, redis.what], ['shop-2', 'gateway-2', 'redis'])
    assert.equal(well.requests, 120)
    // What a killed gateway was working on: at most one request of each visitor.
    assert.deepEqual([well.failed, server.failed, redis.failed, after.failed], [0, 0, 0, 0], shown)
    assert.ok(gateway.failed <= 20, shown)
    assert.ok(server.lost > 0 && server.lost < 60, shown)
    assert.deepEqual([well.lost, gateway.lost, redis.lost, after.lost], [0, 0, 0, 0], shown)
    assert.ok([fleet.redis, ...fleet.servers, ...fleet.gateways].every(({ running }) => running))
  })
})

test('SIGINT ends every process of it', { skip }, async (t) => {
  const child = spawn(process.execPath, [MAIN], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill())
  const ended = once(child, 'exit')
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  await until('everything started', () => output.includes('Ctrl-C'), { deadlineMs: 30_000 })
  const addresses = output.match(/127\.0\.0\.1:\d+/g) ?? []
  assert.ok(addresses.length >= 8)
  child.kill('SIGINT')
  assert.deepEqual(await ended, [0, null])
  for (const address of new Set(addresses)) {
    await assert.rejects(fetch(`http://${address}/`), `${address} still listens`)
  }
})

test('without Redis it says what to install, and leaves nothing behind', async (t) => {
  const { path, remove } = await temporaryFolder()
  t.after(remove)
  const child = spawn(process.execPath, [MAIN], {
    env: { ...process.env, PATH: path },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const errors = child.stderr.setEncoding('utf8').toArray()
  assert.deepEqual(await once(child, 'close'), [1, null])
  assert.match((await errors).join(''), /^redis-server is not installed\..*apt-get install redis/s)
})
