/** Servers that a name leads to, over a real DNS server. */
import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import type { UpstreamOptions } from '@holdfast/plugin'
import { type DnsServer, startDns } from '#fixtures/dns.js'
import { startGateway, type TestGateway } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { createPods, type Pods } from '#fixtures/pods.js'
import { Session } from '#fixtures/session.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

const KEY = 'sixteen bytes and some more'
const sticky = { cookie: 'srv_id', keys: [KEY] }

interface Given {
  readonly dns: DnsServer
  readonly pods: Pods
  /** Starts a gateway; `server` is the name's entry. */
  gateway(server?: object, upstream?: Partial<UpstreamOptions>): Promise<TestGateway>
  /** What the gateway said about discovery, warnings only. */
  readonly warnings: string[]
}

async function given(t: TestContext): Promise<Given> {
  const dns = await startDns()
  t.after(() => dns.close())
  const pods = await createPods(t)
  const warnings: string[] = []
  const stream = new Writable({
    write(line, _encoding, done) {
      const { level, reason, msg } = JSON.parse(String(line))
      if (level === 40) warnings.push(reason ?? msg)
      done()
    },
  })
  const gateway = (server: object = {}, upstream: Partial<UpstreamOptions> = {}) =>
    startGateway(t, {
      servers: [{ address: `shop.test:${pods.port}`, resolve: '100ms', ...server }],
      upstream: { resolver: [dns.address], settle: '300ms', linger: '600ms', sticky, ...upstream },
      fastify: { logger: { level: 'warn', stream } },
    })
  return { dns, pods, gateway, warnings }
}

/** `ip state` of every member, without the port. */
function members({ app }: TestGateway): string[] {
  const { servers } = app.holdfast.get('test').snapshot()
  return servers.map(({ address, state }) => `${address.replace(/:\d+$/, '')} ${state}`)
}

function untilMembers(gateway: TestGateway, ...wanted: string[]): Promise<unknown> {
  return until(
    () => `${wanted.join(', ')}; it has ${members(gateway).join(', ')}`,
    () => members(gateway).join() === wanted.join(),
  )
}

async function visit({ address }: TestGateway, session: Session = new Session()) {
  const cookie = session.header()
  const response = await fetch(`http://${address}/`, { headers: cookie ? { cookie } : {} })
  session.take(response.headers.getSetCookie())
  const body = response.status === 200 ? ((await response.json()) as { server: string }) : undefined
  return { status: response.status, server: body?.server }
}

const moved = ({ app }: TestGateway) => app.holdfast.get('test').snapshot().affinity.moved

test('a gateway that listens knows its servers', async (t) => {
  const { dns, pods, gateway } = await given(t)
  await pods.start('127.0.0.2')
  dns.set('shop.test', { A: ['127.0.0.2'] })
  assert.equal((await visit(await gateway())).server, '127.0.0.2')
})

test('a server that joins settles, and then gets its share of new sessions', async (t) => {
  const { dns, pods, gateway } = await given(t)
  await pods.start('127.0.0.2')
  await pods.start('127.0.0.3')
  dns.set('shop.test', { A: ['127.0.0.2'] })
  const it = await gateway()
  dns.set('shop.test', { A: ['127.0.0.3', '127.0.0.2'] })
  await untilMembers(it, '127.0.0.2 up', '127.0.0.3 drain')
  for (let i = 0; i < 5; i += 1) assert.equal((await visit(it)).server, '127.0.0.2')
  await untilMembers(it, '127.0.0.2 up', '127.0.0.3 up')
  const seen = new Set([(await visit(it)).server, (await visit(it)).server])
  assert.deepEqual(seen, new Set(['127.0.0.2', '127.0.0.3']))
})

test('a server that vanishes keeps its sessions while it lingers; then they are moved', async (t) => {
  const { dns, pods, gateway } = await given(t)
  await pods.start('127.0.0.2')
  await pods.start('127.0.0.3')
  dns.set('shop.test', { A: ['127.0.0.2', '127.0.0.3'] })
  const it = await gateway()
  const sessions = [new Session(), new Session()]
  const homes = [await visit(it, sessions[0]), await visit(it, sessions[1])]
  const bound = homes.findIndex(({ server }) => server === '127.0.0.3')
  const session = sessions[bound]
  dns.set('shop.test', { A: ['127.0.0.2'] })
  await untilMembers(it, '127.0.0.2 up', '127.0.0.3 drain')
  assert.equal((await visit(it, session)).server, '127.0.0.3')
  assert.equal((await visit(it)).server, '127.0.0.2')
  await untilMembers(it, '127.0.0.2 up')
  assert.equal((await visit(it, session)).server, '127.0.0.2')
  assert.deepEqual(moved(it), { removed: 1 })
})

test('a name that flaps every time it is asked removes nobody and moves nobody', async (t) => {
  const { dns, pods, gateway } = await given(t)
  await pods.start('127.0.0.2')
  await pods.start('127.0.0.3')
  dns.set('shop.test', { A: ['127.0.0.2', '127.0.0.3'], ttl: 0 })
  const it = await gateway()
  const sessions = Array.from({ length: 6 }, () => new Session())
  for (const session of sessions) await visit(it, session)
  for (let round = 0; round < 8; round += 1) {
    const asked = dns.questions.length
    dns.set('shop.test', { A: round % 2 === 0 ? ['127.0.0.2'] : ['127.0.0.3'], ttl: 0 })
    await until('the next question', () => dns.questions.length >= asked + 2)
    for (const session of sessions) assert.equal((await visit(it, session)).status, 200)
  }
  assert.equal(members(it).length, 2)
  assert.deepEqual(moved(it), {})
})

for (const [how, records] of [
  ['does not answer', 'timeout'],
  ['refuses', 'servfail'],
  ['knows no such name', 'nxdomain'],
  ['has no addresses', {}],
] as const) {
  test(`a name server that ${how} costs nothing, and is complained of once`, async (t) => {
    const { dns, pods, gateway, warnings } = await given(t)
    await pods.start('127.0.0.2')
    dns.set('shop.test', { A: ['127.0.0.2'], ttl: 0 })
    const it = await gateway()
    const asked = dns.questions.length
    dns.set('shop.test', records)
    // c-ares waits two seconds, twice.
    const patience = { deadlineMs: 8_000 }
    await until('a complaint', () => warnings.length > 0, patience)
    await until('more questions', () => dns.questions.length > asked + 4, patience)
    assert.deepEqual(members(it), ['127.0.0.2 up'])
    assert.equal((await visit(it)).status, 200)
    assert.equal(warnings.length, 1)
  })
}

test('without a first answer requests get 502 until there is one', async (t) => {
  const { dns, pods, gateway } = await given(t)
  await pods.start('127.0.0.2')
  const it = await gateway()
  assert.equal((await visit(it)).status, 502)
  dns.set('shop.test', { A: ['127.0.0.2'] })
  await untilMembers(it, '127.0.0.2 up')
  assert.equal((await visit(it)).status, 200)
})

test('thousands of addresses serve, and what is left out is said once', async (t) => {
  const { dns, pods, gateway, warnings } = await given(t)
  await pods.start('127.0.0.2')
  const many = Array.from({ length: 3_000 }, (_, i) => `127.1.${i >> 8}.${i & 255}`)
  dns.set('shop.test', { A: ['127.0.0.2', ...many] })
  const it = await gateway({ maxFails: 0 })
  assert.equal(members(it).length, 1_000)
  await until('five answers', () => dns.questions.length >= 10)
  assert.deepEqual(warnings, ['only 1000 of 3001 addresses are used'])
  // Nobody listens at the others, so somebody answers as soon as the walk has come to it.
  await until('an answer', async () => (await visit(it)).status === 200)
})

test('SRV records say port, weight and who stands by', async (t) => {
  const { dns, gateway } = await given(t)
  const [one, two] = [await createPods(t), await createPods(t)]
  await one.start('127.0.0.2', 'first')
  await two.start('127.0.0.2', 'second')
  await one.start('127.0.0.3', 'spare')
  dns.set('a.test', { A: ['127.0.0.2'] })
  dns.set('b.test', { A: ['127.0.0.3'] })
  dns.set('_http._tcp.shop.test', {
    SRV: [
      { target: 'a.test', port: one.port, weight: 3 },
      { target: 'a.test', port: two.port, weight: 1 },
      { target: 'b.test', port: one.port, priority: 10 },
    ],
  })
  const it = await gateway({ address: 'shop.test', service: 'http' })
  const names: unknown[] = []
  for (let i = 0; i < 8; i += 1) names.push((await visit(it)).server)
  assert.equal(names.filter((name) => name === 'first').length, 6)
  assert.equal(names.filter((name) => name === 'second').length, 2)
  const { servers } = it.app.holdfast.get('test').snapshot()
  assert.deepEqual(servers.map(({ address, backup }) => [address, backup]).at(-1), [
    `127.0.0.3:${one.port}`,
    true,
  ])
})

test("the operator's word, health and counters follow a server through every change", async (t) => {
  const { dns, pods, gateway } = await given(t)
  await pods.start('127.0.0.2')
  dns.set('shop.test', { A: ['127.0.0.2', '127.0.0.3'] })
  const it = await gateway({ maxFails: 1, failTimeout: '60s' })
  for (let i = 0; i < 4; i += 1) await visit(it)
  const upstream = it.app.holdfast.get('test')
  upstream.drain(`127.0.0.2:${pods.port}`)
  assert.deepEqual(members(it), ['127.0.0.2 drain', '127.0.0.3 ejected'])
  dns.set('shop.test', { A: ['127.0.0.1', '127.0.0.2', '127.0.0.3'] })
  await untilMembers(it, '127.0.0.1 drain', '127.0.0.2 drain', '127.0.0.3 ejected')
  await untilMembers(it, '127.0.0.1 up', '127.0.0.2 drain', '127.0.0.3 ejected')
  const [, second] = upstream.snapshot().servers
  assert.equal(second?.requests, 4)
})

test('update() may bring names and take them away', async (t) => {
  const { dns, pods, gateway } = await given(t)
  await pods.start('127.0.0.2')
  await pods.start('127.0.0.3')
  dns.set('shop.test', { A: ['127.0.0.2'] })
  dns.set('other.test', { A: ['127.0.0.3'] })
  const it = await gateway()
  const upstream = it.app.holdfast.get('test')
  upstream.update([
    { address: `other.test:${pods.port}`, resolve: '100ms' },
    `127.0.0.4:${pods.port}`,
  ])
  await untilMembers(it, '127.0.0.3 up', '127.0.0.4 up')
  const asked = dns.questions.filter((question) => question.includes('shop')).length
  dns.set('other.test', { A: ['127.0.0.2', '127.0.0.3'] })
  await until('a member that joined', () => members(it).length === 3)
  assert.equal(dns.questions.filter((question) => question.includes('shop')).length, asked)
})
