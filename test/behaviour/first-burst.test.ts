/** A new client's parallel first requests, over three replicas that share nothing but a list. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get } from 'node:http'
import { type TestContext, test } from 'node:test'
import { systemClock } from '@holdfast/core'
import { MemoryStore } from '@holdfast/core/fleet'
import type { UpstreamOptions } from '@holdfast/plugin'
import { type AppAnswer, type AppServer, startAppServer } from '#fixtures/app-server.js'
import { startGateway, type TestGateway } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { freePort } from '#fixtures/ports.js'
import { Session } from '#fixtures/session.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

const REPLICAS = 3
const CLIENTS = 40
/** What a browser opens to one site at once. */
const BURST = 6

interface Fleet {
  readonly gateways: readonly TestGateway[]
  readonly servers: readonly AppServer[]
}

async function startFleet(
  t: TestContext,
  balance: UpstreamOptions['balance'],
  { delayMs = 0, dead = [] as readonly string[] } = {},
): Promise<Fleet> {
  const servers = await Promise.all(
    ['a', 'b', 'c'].map((name) => startAppServer({ name, delayMs })),
  )
  const store = new MemoryStore(systemClock)
  const addresses = [...servers.map(({ address }) => address), ...dead]
  const gateways = await Promise.all(
    Array.from({ length: REPLICAS }, (_, i) =>
      startGateway(t, {
        servers: addresses.map((address) => ({ address, maxFails: 2, failTimeout: '60s' })),
        upstream: { balance, sticky: { cookie: 'srv', keys: ['sixteen bytes and some more'] } },
        plugin: { fleet: { store, replica: `replica-${i}` } },
        fastify: { trustProxy: '127.0.0.1' },
      }),
    ),
  )
  t.after(() => Promise.all(servers.map((server) => server.stop())))
  return { gateways, servers }
}

/** One request of a client at that address; which server answered. */
async function ask(
  gateway: TestGateway | undefined,
  from: string,
  session?: Session,
): Promise<string> {
  assert.ok(gateway)
  const cookie = session?.header()
  const request = get(`http://${gateway.address}/`, {
    agent: false,
    headers: { 'x-forwarded-for': from, ...(cookie !== undefined && { cookie }) },
  })
  const [response] = await once(request, 'response')
  session?.take(response.headers['set-cookie'] ?? [])
  const body = Buffer.concat(await response.toArray()).toString()
  assert.equal(response.statusCode, 200, body)
  return (JSON.parse(body) as AppAnswer).server
}

/** Six first requests at once, dealt out to the replicas. */
function burst({ gateways }: Fleet, from: string, session: Session): Promise<string[]> {
  return Promise.all(
    Array.from({ length: BURST }, async (_, i) => {
      // Sent before any answer was there, so without a cookie.
      const own = new Session()
      const server = await ask(gateways[i % REPLICAS], from, own)
      for (const name of ['srv', 'session']) session.set(name, own.get(name) ?? '')
      return server
    }),
  )
}

const addressOf = (client: number): string => `203.0.113.${client}`
async function all(visit: (client: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: CLIENTS }, (_, client) => visit(client)))
}

test('parallel first requests of a new client go to one server, whichever replicas they reach', async (t) => {
  const fleet = await startFleet(t, { hash: '$remote_addr' })
  const homes = new Set<string>()
  await all(async (client) => {
    const session = new Session()
    const servers = new Set(await burst(fleet, addressOf(client), session))
    assert.equal(servers.size, 1, `client ${client} was split over ${[...servers]}`)
    const [home = ''] = servers
    homes.add(home)
    // From then on the cookie decides: also where the client has another address now.
    for (const gateway of fleet.gateways) {
      assert.equal(await ask(gateway, `198.51.100.${client}`, session), home)
    }
  })
  assert.equal(homes.size, 3)
})

test('without a hash they are split: that is what it is for', async (t) => {
  const fleet = await startFleet(t, 'round-robin')
  const servers = await burst(fleet, addressOf(1), new Session())
  assert.ok(new Set(servers).size > 1)
})

test('they agree while a server is ejected on all replicas, and those that were elsewhere stay', async (t) => {
  const port = await freePort()
  const fleet = await startFleet(t, { hash: '$remote_addr' }, { dead: [`127.0.0.1:${port}`] })
  const isOut = (gateway: TestGateway): boolean =>
    gateway.app.holdfast
      .get('test')
      .snapshot()
      .servers.some(({ address, state }) => address.endsWith(`:${port}`) && state === 'ejected')
  // Retries hide the dead server from clients; replicas learn of it from one another.
  let client = 0
  await until('the ejection on every replica', async () => {
    client += 1
    await ask(fleet.gateways[client % REPLICAS], `192.0.2.${client % 250}`)
    return fleet.gateways.every(isOut)
  })

  const sessions = Array.from({ length: CLIENTS }, () => new Session())
  const homes: string[] = []
  await all(async (index) => {
    const servers = new Set(await burst(fleet, addressOf(index), sessions[index] ?? new Session()))
    assert.equal(servers.size, 1, `client ${index} was split over ${[...servers]}`)
    homes[index] = [...servers][0] ?? ''
  })
  assert.ok(fleet.gateways.every(isOut))

  // Sessions stay where they began when its place on the ring is its own again.
  const back = await startAppServer({ name: 'back', port })
  t.after(() => back.stop())
  const addresses = fleet.servers.map(({ address }) => address)
  for (const { app } of fleet.gateways) {
    // Another life of the same address has no past: its ejection is over.
    app.holdfast.get('test').update({
      servers: [...addresses, { address: back.address, incarnation: 1 }],
    })
  }
  const fresh = new Set<string>()
  await all(async (index) => {
    const gateway = fleet.gateways[index % REPLICAS]
    assert.equal(await ask(gateway, addressOf(index), sessions[index]), homes[index])
    fresh.add(await ask(gateway, addressOf(index)))
  })
  assert.ok(fresh.has('back'), 'new sessions find the server that is back')
})

for (const { loadFactor, most } of [
  { loadFactor: undefined, most: 40 },
  { loadFactor: 1.25, most: 17 },
  { loadFactor: 2, most: 27 },
]) {
  test(`40 requests at once from one address: at most ${most} on a server with loadFactor ${loadFactor}`, async (t) => {
    const fleet = await startFleet(
      t,
      { hash: '$remote_addr', ...(loadFactor !== undefined && { loadFactor }) },
      { delayMs: 300 },
    )
    const sessions = Array.from({ length: REPLICAS * 40 }, () => new Session())
    const answers = Promise.all(
      sessions.map((session, i) => ask(fleet.gateways[i % REPLICAS], '203.0.113.7', session)),
    )
    const active = (gateway: TestGateway): number[] =>
      gateway.app.holdfast
        .get('test')
        .snapshot()
        .servers.map((server) => server.active)
    const peaks = fleet.gateways.map(() => 0)
    await until('all on their way', () => {
      const now = fleet.gateways.map(active)
      now.forEach((counts, i) => {
        peaks[i] = Math.max(peaks[i] ?? 0, ...counts)
      })
      return now.every((counts) => counts.reduce((sum, one) => sum + one, 0) === 40)
    })
    assert.deepEqual(peaks, [most, most, most])
    const homes = await answers
    assert.equal(new Set(homes).size, loadFactor === undefined ? 1 : loadFactor === 2 ? 2 : 3)

    // Whoever was sent past the full server stays where it was sent.
    const again = await Promise.all(
      sessions.map((session, i) => ask(fleet.gateways[(i + 1) % REPLICAS], '203.0.113.7', session)),
    )
    assert.deepEqual(again, homes)
  })
}

test('with loadFactor a burst is split by idle replicas, and stays together on busy ones', async (t) => {
  const fleet = await startFleet(t, { hash: '$remote_addr', loadFactor: 1.25 }, { delayMs: 150 })
  const clients = new Map<string, string[]>()
  for (let client = 0; client < 24; client += REPLICAS) {
    // One at a time on each replica, so that nobody is sent past a server.
    await Promise.all(
      fleet.gateways.map(async (gateway, i) => {
        const from = addressOf(client + i)
        const home = await ask(gateway, from)
        clients.set(home, [...(clients.get(home) ?? []), from])
      }),
    )
  }
  const [[home, neighbour] = [], [a, b] = [], [c] = []] = [...clients.values()].sort(
    (one, other) => other.length - one.length,
  )
  assert.ok(home !== undefined && a !== undefined && b !== undefined && c !== undefined)
  assert.ok(neighbour !== undefined)

  assert.ok(new Set(await burst(fleet, home, new Session())).size > 1)
  const others = [neighbour, a, c, b]
  const busy = Promise.all(
    fleet.gateways.map((gateway) => Promise.all(others.map((from) => ask(gateway, from)))),
  )
  await until('them at work', () => fleet.gateways.every((gateway) => gateway.active() === 4))
  assert.equal(new Set(await burst(fleet, home, new Session())).size, 1)
  await busy
})
