import assert from 'node:assert/strict'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import type { GatewayPorts } from '#plugin/gateway.js'
import type { HoldfastOptions, ServerOptions, UpstreamOptions } from '#plugin/index.js'
import { certificate, privateKey } from '../fixtures/certificate.js'
import { Browser, KEY, LogLines, startGateway, WARN } from '../fixtures/gateway.js'
import { FakeNameServer } from '../fixtures/name-servers.js'
import { type Shop, startShops } from '../fixtures/shop.js'
import { settled, VirtualTime } from '../fixtures/virtual-time.js'

type List = ReadonlyArray<ServerOptions | string>

/** A gateway that follows lists that the test hands out, and time that stands until it is moved. */
async function given(t: TestContext, first: unknown, upstream: Partial<UpstreamOptions> = {}) {
  const time = new VirtualTime()
  const log = new LogLines()
  let tell: (list: unknown) => void = () => {}
  let next = new Promise<unknown>((resolve) => {
    tell = resolve
  })
  const hear = async (list: unknown): Promise<void> => {
    const told = tell
    next = new Promise((resolve) => {
      tell = resolve
    })
    told(list)
    await settled()
    // A source is acted upon ten times a second at most.
    await time.pass(100)
  }
  async function* discover(): AsyncGenerator<List> {
    yield first as List
    for (;;) yield (await next) as List
  }
  const app = await startGateway(
    t,
    withPorts(
      {
        upstream: { name: 'shop', discover, sticky: { cookie: 'srv', keys: [KEY] }, ...upstream },
      },
      { clock: time, timers: time },
    ),
    { server: { logger: { stream: log.stream } } },
  )
  await time.pass(100)
  return { app, time, log, hear, browser: () => new Browser(app) }
}

function withPorts(options: HoldfastOptions, ports: Partial<GatewayPorts>): HoldfastOptions {
  const more: object = { ports }
  return { ...options, ...more }
}

const members = (app: FastifyInstance): string[] =>
  app.holdfast
    .get('shop')
    .snapshot()
    .servers.map(({ id, state }) => `${id} ${state}`)

/** The shops by the addresses that they got, in the order of the list. */
async function startSorted(t: TestContext, names: string): Promise<Shop[]> {
  const shops = await startShops(t, names)
  return shops.sort((a, b) => (a.address < b.address ? -1 : 1))
}

const entry = ({ name, address }: Shop, more: Partial<ServerOptions> = {}): ServerOptions => ({
  address,
  id: name,
  ...more,
})

test('the first list serves at once, and a server that joins settles for ten seconds', async (t) => {
  const [a, b] = (await startSorted(t, 'ab')) as [Shop, Shop]
  const { app, time, hear } = await given(t, [entry(a)])
  assert.deepEqual(members(app), [`${a.name} up`])
  await hear([entry(b), entry(a)])
  assert.deepEqual(members(app), [`${a.name} up`, `${b.name} drain`])
  await time.pass(9_800)
  assert.deepEqual(members(app), [`${a.name} up`, `${b.name} drain`])
  await time.pass(200)
  assert.deepEqual(members(app), [`${a.name} up`, `${b.name} up`])
})

test('a server that ends keeps its sessions until it is gone, and is named when it goes', async (t) => {
  const [a, b] = (await startSorted(t, 'ab')) as [Shop, Shop]
  const { app, time, hear, log, browser } = await given(t, [entry(a), entry(b)])
  const browsers = [browser(), browser()]
  const homes = [await browsers[0]?.visit(), await browsers[1]?.visit()]
  const bound = browsers[homes.indexOf(b.name)]
  await hear([entry(a), entry(b, { drain: true })])
  assert.equal(await bound?.visit(), b.name)
  await hear([entry(a)])
  assert.equal(await bound?.visit(), b.name)
  await time.pass(60_000)
  assert.deepEqual(members(app), [`${a.name} up`])
  assert.equal(await bound?.visit(), a.name)
  assert.equal(a.heard['holdfast-moved'], 'removed')
  const [, line] = log.said('servers have joined or left')
  assert.deepEqual([line?.joined, line?.left], [[], [b.name]])
})

test("a recycled address inherits nothing: the old one's sessions are moved", async (t) => {
  const [a, b] = (await startSorted(t, 'ab')) as [Shop, Shop]
  const { app, time, hear, browser } = await given(t, [
    entry(a, { incarnation: 'uid-1' }),
    entry(b, { incarnation: 'uid-2' }),
  ])
  const browsers = [browser(), browser()]
  const homes = [await browsers[0]?.visit(), await browsers[1]?.visit()]
  const old = browsers[homes.indexOf(b.name)]
  await hear([entry(a, { incarnation: 'uid-1' }), entry(b, { incarnation: 'uid-3' })])
  assert.equal(await old?.visit(), a.name)
  assert.equal(a.heard['holdfast-moved'], 'replaced')
  await time.pass(10_000)
  assert.deepEqual(members(app), [`${a.name} up`, `${b.name} up`])
  assert.equal(app.holdfast.get('shop').snapshot().servers[1]?.requests, 0)
  assert.equal(await old?.visit(), a.name)
})

for (const [what, list, reason] of [
  ['nothing', [], /no server/],
  ['no list', 'shop', /is no list/],
  ['an empty entry', [null], /\[0\]/],
  ['a weight of 0', [{ address: 'ADDRESS', weight: 0 }], /\[0\]\.weight: .*1 to 65535/],
  ['an address twice', ['ADDRESS', 'ADDRESS'], /\[1\].*twice/],
  ['an unknown option', [{ address: 'ADDRESS', colour: 'red' }], /colour/],
  ['a name to look up', [{ address: 'a.test', resolve: '1s' }], /must be an address/],
  ['a password', ['http://u:secret@h'], /user or a password/],
] as const) {
  test(`a list with ${what} loses nobody, and is complained of once`, async (t) => {
    const [a] = (await startShops(t, 'a')) as [Shop]
    const { app, hear, log, browser } = await given(t, [a.address])
    const written = JSON.parse(JSON.stringify(list).replaceAll('ADDRESS', a.address))
    for (let i = 0; i < 3; i += 1) await hear(written)
    assert.deepEqual(members(app), [`${a.address} up`])
    assert.equal(await browser().visit(), 'a')
    const warnings = log.all.filter(({ level }) => level === WARN)
    assert.equal(warnings.length, 1)
    assert.match(String(warnings[0]?.reason), reason)
    assert.doesNotMatch(JSON.stringify(warnings), /secret/)
    await hear([a.address])
    assert.equal(log.said('servers are found out again').length, 1)
  })
}

test('an entry that is wrong costs the others nothing', async (t) => {
  const [a, b] = (await startSorted(t, 'ab')) as [Shop, Shop]
  const { app, hear } = await given(t, [a.address])
  await hear([{ address: a.address, weight: -1 }, b.address])
  assert.deepEqual(members(app), [`${a.address} up`, `${b.address} drain`])
})

test('an id that two servers have is that of the first', async (t) => {
  const [a, b] = (await startSorted(t, 'ab')) as [Shop, Shop]
  const { app } = await given(t, [entry(a, { id: 'x' }), entry(b, { id: 'x' })])
  assert.deepEqual(members(app), ['x up', `${b.address} up`])
})

test('a source that repeats itself makes no new version of anything', async (t) => {
  const [a, b] = (await startSorted(t, 'ab')) as [Shop, Shop]
  const { hear, log, browser } = await given(t, [a.address, b.address])
  const it = browser()
  const home = await it.visit()
  for (let i = 0; i < 20; i += 1) await hear([b.address, a.address])
  assert.equal(await it.visit(), home)
  assert.equal(log.said('servers have joined or left').length, 1)
})

test('a source that throws at once does not keep the gateway from starting', async (t) => {
  const discover = () => {
    throw new Error('no cluster')
  }
  const time = new VirtualTime()
  const upstream = { name: 'shop', discover }
  const app = await startGateway(t, withPorts({ upstream }, { clock: time, timers: time }))
  assert.equal((await app.inject('/')).statusCode, 502)
})

test('a source that says nothing delays the start by five seconds, and that is said', async (t) => {
  const log = new LogLines()
  const time = new VirtualTime()
  async function* discover(): AsyncGenerator<List> {
    await new Promise(() => {})
    yield []
  }
  const starting = startGateway(
    t,
    withPorts({ upstream: { name: 'shop', discover } }, { clock: time, timers: time }),
    { server: { logger: { stream: log.stream } } },
  )
  let ready = false
  void starting.then(() => {
    ready = true
  })
  await time.pass(4_999)
  assert.equal(ready, false)
  await time.pass(1)
  await starting
  assert.equal(log.said('discovery has found no servers yet').length, 1)
})

test('TLS asks for the name, and its certificate must be for it', async (t) => {
  const asked: unknown[] = []
  const secure = createServer({ cert: certificate, key: privateKey }, ({ socket }, response) => {
    asked.push((socket as TLSSocket & { servername?: unknown }).servername)
    response.end('ok')
  })
  await new Promise<void>((resolve) => secure.listen(0, '127.0.0.2', resolve))
  t.after(() => secure.close())
  t.after(() => secure.closeAllConnections())
  const { port } = secure.address() as AddressInfo
  const names = new FakeNameServer()
  names.set('localhost', 4, '127.0.0.2')
  names.set('other.test', 4, '127.0.0.2')
  const start = (name: string) =>
    startGateway(
      t,
      withPorts(
        {
          upstream: {
            name: 'shop',
            servers: [{ address: `https://${name}:${port}`, resolve: '5s' }],
            tls: { ca: certificate },
          },
        },
        { nameServer: () => names },
      ),
    )
  assert.equal((await (await start('localhost')).inject('/')).body, 'ok')
  assert.deepEqual(asked, ['localhost'])
  assert.equal((await (await start('other.test')).inject('/')).statusCode, 502)
})

test('a name with several addresses that is not resolved is warned about, once it listens', async (t) => {
  const log = new LogLines()
  const found = (...addresses: string[]) =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  const hosts: Record<string, ReturnType<typeof found>> = {
    'virtual.test': found('10.0.0.1', '10.0.0.2'),
    'dual.test': found('10.0.0.1', 'fd00::1'),
  }
  const lookup: GatewayPorts['lookup'] = async (host) => {
    const addresses = hosts[host]
    if (addresses === undefined) throw new Error(`getaddrinfo ENOTFOUND ${host}`)
    return addresses
  }
  const servers = [
    'gone.test',
    'dual.test:80',
    '10.0.0.1',
    '[::1]:80',
    'unix:/a',
    'virtual.test:80',
  ]
  const app = await startGateway(
    t,
    withPorts({ upstream: { name: 'shop', servers } }, { lookup }),
    { server: { logger: { stream: log.stream } } },
  )
  await settled()
  assert.deepEqual(
    log.all.filter(({ level }) => level === WARN),
    [],
  )
  await app.listen({ port: 0, host: '127.0.0.1' })
  await settled()
  const warnings = log.all.filter(({ level }) => level === WARN)
  assert.deepEqual(
    warnings.map(({ server, addresses }) => [server, addresses]),
    [['virtual.test:80', ['10.0.0.1', '10.0.0.2']]],
  )
})
