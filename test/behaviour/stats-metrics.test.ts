import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { holdfast } from '@holdfast/plugin'
import { stats } from '@holdfast/stats'
import Fastify from 'fastify'
import { findProgram, programMissing } from '#fixtures/daemon.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { REFUSED } from '#fixtures/ports.js'

failOnLeaks()

const root = new URL('../../../', import.meta.url)
const promtoolMissing = programMissing('promtool', 'prometheus')
const run = promisify(execFile)

/** The metrics of a gateway that has seen everything: answers, a dead server, moves, a drain. */
async function metricsOf(t: TestContext): Promise<string> {
  const shop = Fastify({ forceCloseConnections: true })
  shop.get('/', async () => 'hello')
  const origin = await shop.listen({ port: 0, host: '127.0.0.1' })
  const gateway = Fastify({ forceCloseConnections: true })
  t.after(async () => {
    await gateway.close()
    await shop.close()
  })
  await gateway.register(holdfast, {
    prefix: '/shop',
    upstream: {
      name: 'shop',
      servers: [
        { id: 'a "quoted\\ id', address: new URL(origin).host },
        { id: 'dead', address: REFUSED, maxFails: 1, failTimeout: '1h' },
      ],
      sticky: { cookie: 'srv', keys: ['for the metrics of this test'] },
    },
    log: 'off',
  })
  await gateway.register(stats, { prefix: '/stats' })
  for (let i = 0; i < 4; i += 1) assert.equal((await gateway.inject('/shop/')).statusCode, 200)
  const { statusCode, body } = await gateway.inject('/stats/metrics')
  assert.equal(statusCode, 200)
  return body
}

interface Row {
  readonly type: string
  readonly labels: readonly string[]
}

/** The table in the documentation. */
async function documented(): Promise<Map<string, Row>> {
  const page = await readFile(new URL('docs/statistics.md', root), 'utf8')
  const rows = page.matchAll(/^\| `(holdfast_\w+)` \| (\w+) \| ([^|]+) \|/gm)
  return new Map(
    [...rows].map(([, name = '', type = '', labels = '']) => [
      name,
      { type, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label).sort() },
    ]),
  )
}

/** The families of the text, and every label that occurs in each. */
function served(text: string): Map<string, Row> {
  const types = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)]
  return new Map(
    types.map(([, name = '', type = '']) => {
      const samples = text.matchAll(new RegExp(`^${name}(?:_bucket)?(?:\\{(.*)\\})? `, 'gm'))
      const labels = [...samples].flatMap(([, inner = '']) =>
        [...inner.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)].map(([, label = '']) => label),
      )
      return [name, { type, labels: [...new Set(labels)].sort() }]
    }),
  )
}

test('every metric is in the documentation with its type and labels, and no other is', async (t) => {
  const [table, families] = [await documented(), served(await metricsOf(t))]
  // Only where there is a fleet.
  table.delete('holdfast_replica_store_up')
  assert.deepEqual([...families.keys()].sort(), [...table.keys()].sort())
  for (const [name, row] of families) assert.deepEqual(row, table.get(name), name)
})

test('the dashboard and the alerts ask for metrics that there are', async () => {
  const known = await documented()
  for (const file of ['dashboard.json', 'alerts.yml']) {
    const text = await readFile(new URL(`examples/grafana/${file}`, root), 'utf8')
    const names = new Set([...text.matchAll(/\bholdfast_\w+/g)].map(([name]) => name))
    assert.ok(names.size > 3)
    for (const name of names) {
      assert.ok(known.has(name.replace(/_(bucket|sum|count)$/, '')), `${file}: ${name}`)
    }
  }
})

test('Prometheus itself can read them, and finds nothing to complain of', {
  skip: promtoolMissing ?? false,
}, async (t) => {
  const text = await metricsOf(t)
  const promtool = findProgram('promtool') ?? ''
  const checking = run(promtool, ['check', 'metrics'])
  checking.child.stdin?.end(text)
  const { stdout, stderr } = await checking
  assert.equal(stdout + stderr, '')
})

test('the alerts fire when they should, and only then', {
  skip: promtoolMissing ?? false,
}, async () => {
  const cwd = fileURLToPath(new URL('examples/grafana', root))
  const promtool = findProgram('promtool') ?? ''
  await run(promtool, ['check', 'rules', 'alerts.yml'], { cwd })
  await run(promtool, ['test', 'rules', 'alerts.test.yml'], { cwd })
})
