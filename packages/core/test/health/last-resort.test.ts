import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { UpstreamOptions } from '#core/options/types.js'
import type { Condition, Server } from '#core/servers/server.js'
import { Traffic } from './traffic.js'

/** Traffic through servers that checks have found to be in these conditions. */
function given(
  conditions: Readonly<Record<string, Condition>>,
  options: Partial<UpstreamOptions> = {},
) {
  const servers = Object.keys(conditions).map((address) => ({ address, route: address }))
  const traffic = new Traffic({ servers, ...options })
  for (const server of traffic.upstream.servers) server.judge(conditions[server.address] ?? 'well')
  const hits = async (...targets: string[]): Promise<string> => {
    const from = traffic.answers.length
    for (const target of targets) {
      traffic.send(target)
      await traffic.time.pass(100)
    }
    return traffic.answers
      .slice(from)
      .map(({ address, status }) => address ?? status)
      .join('')
  }
  return { traffic, hits }
}

const six = Array.from({ length: 6 }, () => '/')

describe('Servers that checks have found sick', () => {
  test('get no requests while another can take them', async () => {
    const { hits } = given({ a: 'sick', b: 'well', c: 'drain' })
    assert.equal(await hits(...six), 'bbbbbb')
  })

  test('share the requests as ever when all of them are sick, since checks may be wrong', async () => {
    const { hits } = given({ a: 'sick', b: 'sick', c: 'drain' })
    assert.equal(await hits(...six), 'abcabc')
  })

  test('get none with failOpen off', async () => {
    const { hits } = given({ a: 'sick', b: 'drain' }, { failOpen: false })
    assert.equal(await hits('/'), '502')
  })

  test('are preferred to those that live requests have found dead', async () => {
    const { traffic, hits } = given({ a: 'well', b: 'sick' })
    traffic.behaviour = (address) => (address === 'a' ? 'refuses' : 200)
    await hits(...six)
    assert.equal(traffic.upstream.snapshot().servers[0]?.state, 'ejected')
    assert.equal(await hits(...six), 'bbbbbb')
  })

  test('are found dead by requests, too, and then left alone', async () => {
    const { traffic, hits } = given({ a: 'sick', b: 'sick' })
    traffic.behaviour = (address) => (address === 'a' ? 'refuses' : 200)
    await hits(...six)
    const [before] = traffic.upstream.snapshot().servers
    await hits(...six)
    const [after] = traffic.upstream.snapshot().servers
    assert.equal(after?.attempts, before?.attempts)
  })

  test('come before the backups are given up: primaries first, as if nobody had checked', async () => {
    const servers = [{ address: 'a' }, { address: 'z', backup: true }]
    const { hits } = given({ a: 'sick', z: 'sick' }, { servers })
    assert.equal(await hits('/'), 'a')
  })

  test('keep their keys in place', async () => {
    const targets = Array.from({ length: 40 }, (_, i) => `/${i}`)
    for (const consistent of [true, false]) {
      const balance = { hash: '$uri', consistent }
      const well = given({ a: 'well', b: 'well', c: 'well' }, { balance })
      const sick = given({ a: 'sick', b: 'sick', c: 'sick' }, { balance })
      assert.equal(await sick.hits(...targets), await well.hits(...targets))
    }
  })

  test('get the keys that are theirs, whoever was tried before', async () => {
    const balance = { hash: '$uri' }
    const targets = Array.from({ length: 40 }, (_, i) => `/${i}`)
    const homes = await given({ a: 'well', b: 'well', c: 'well' }, { balance }).hits(...targets)
    const { traffic, hits } = given({ a: 'sick', b: 'sick', c: 'well' }, { balance })
    traffic.behaviour = (address) => (address === 'c' ? 'refuses' : 200)
    const ours = targets.filter((_, i) => homes[i] !== 'c')
    assert.equal(await hits(...ours), homes.replaceAll('c', ''))
  })

  test('get none when they are down as well', async () => {
    const { traffic, hits } = given({ a: 'sick', b: 'sick' })
    traffic.upstream.override('a', { mode: 'down' })
    assert.equal(await hits(...six), 'bbbbbb')
    traffic.upstream.override('b', { mode: 'drain' })
    assert.equal(await hits('/'), '502')
  })
})

describe('A bound request', () => {
  const sticky = { route: '$arg_r' }

  test('leaves a sick server, and stays with one that drains', async () => {
    const { hits } = given({ a: 'sick', b: 'well', c: 'drain' }, { sticky })
    assert.equal(await hits('/?r=a', '/?r=c'), 'bc')
  })

  test('never goes to a server that is down', async () => {
    const { traffic, hits } = given({ a: 'well', b: 'sick' }, { sticky })
    traffic.upstream.override('a', { mode: 'down' })
    assert.equal(await hits('/?r=a'), 'b')
    traffic.upstream.override('b', { mode: 'drain' })
    assert.equal(await hits('/?r=a'), '502')
  })

  test('stays with its sick server when there is no better one', async () => {
    const { hits } = given({ a: 'sick', b: 'sick', c: 'sick' }, { sticky })
    assert.equal(await hits('/?r=b', '/?r=b', '/?r=c'), 'bbc')
  })
})

describe('Of servers that are all ejected', () => {
  test('the one that may be asked again first gets the requests', async () => {
    const { traffic, hits } = given({ a: 'well', b: 'well', c: 'well' })
    const nowS = Math.floor(traffic.time.now() / 1000)
    for (const [i, server] of traffic.upstream.servers.entries()) {
      server.fails = 3
      server.accessed = nowS - i
      server.checked = nowS - i
    }
    assert.equal(await hits('/'), 'c')
    const [, , last] = traffic.upstream.servers
    if (last !== undefined) last.ejectionS = 60
    assert.equal(await hits('/'), 'b')
  })
})

describe('The only server of an upstream', () => {
  for (const condition of ['sick', 'drain'] as const) {
    test(`gets its requests though checks find it ${condition}`, async () => {
      const { hits } = given({ a: condition })
      assert.equal(await hits('/', '/'), 'aa')
    })
  }
})

describe('What operators are told of checks', () => {
  test('is that a server is out, by how many checks, and that it is back', async () => {
    const traffic = new Traffic({ checks: { fall: 3, rise: 1 } })
    let status = 500
    const prober = {
      probe: async ({ address }: Server) => (address === 'a' ? status : 200),
    }
    traffic.upstream.watch({ timers: traffic.time, prober })
    await traffic.time.pass(20_000)
    assert.equal(traffic.upstream.snapshot().servers[0]?.state, 'ejected')
    status = 404
    await traffic.time.pass(5_000)
    status = 200
    await traffic.time.pass(5_000)
    traffic.upstream.close()
    assert.equal(traffic.time.pending, 0)
    const place = { upstream: 'shop', server: 'a' }
    assert.deepEqual(
      traffic.events.map(({ atMs: _, ...event }) => event),
      [
        { ...place, type: 'ejected', fails: { check: 3 }, untilMs: undefined },
        { ...place, type: 'draining' },
        { ...place, type: 'returned' },
      ],
    )
    assert.equal(traffic.upstream.snapshot().servers[0]?.ejections, 1)
  })

  test('is in the snapshot while a server that is back starts slowly', async () => {
    const traffic = new Traffic({
      servers: ['a', 'b'].map((address) => ({ address, slowStart: '10m' })),
      checks: { fall: 1, rise: 1, interval: '1s' },
    })
    let status = 500
    const prober = {
      probe: async ({ address }: Server) => (address === 'a' ? status : 200),
    }
    traffic.upstream.watch({ timers: traffic.time, prober })
    await traffic.time.pass(2_000)
    status = 200
    await traffic.time.pass(2_000)
    traffic.upstream.close()
    assert.deepEqual(
      traffic.upstream.snapshot().servers.map(({ effectiveWeight }) => effectiveWeight),
      [1 / 16, 1],
    )
  })

  test('is of servers that an update has brought, too', async () => {
    const traffic = new Traffic({ checks: { fall: 1, interval: '1s' } })
    const prober = {
      probe: async ({ address }: Server) => (address === 'new' ? 500 : 200),
    }
    traffic.upstream.watch({ timers: traffic.time, prober })
    traffic.upstream.update({ servers: ['a', 'new'] })
    await traffic.time.pass(2_000)
    traffic.upstream.close()
    assert.deepEqual(
      traffic.events.filter(({ type }) => type === 'ejected').map(({ server }) => server),
      ['new'],
    )
  })

  test('is nothing where no checks are asked for', async () => {
    const traffic = new Traffic({})
    const prober = { probe: () => Promise.reject(new Error('asked')) }
    traffic.upstream.watch({ timers: traffic.time, prober })
    assert.equal(traffic.time.pending, 0)
  })
})
