import assert from 'node:assert/strict'
import { request } from 'node:http'
import { describe, it, type TestContext } from 'node:test'
import type { UpstreamOptions } from '@holdfast/plugin'
import { type AppServer, startAppServer } from '#fixtures/app-server.js'
import { startGateway } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { nginxMissing, startNginx } from '#fixtures/nginx.js'
import { freePort } from '#fixtures/ports.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

/** One server as both sides are told of it. */
interface Member {
  readonly app: AppServer
  readonly weight: number
  readonly down?: boolean
}

/** nginx's own words for what the options say, and the defaults that `import` writes. */
function directives(members: readonly Member[], ...first: string[]): string {
  const servers = members.map(
    ({ app, weight, down = false }) =>
      `server ${app.address} weight=${weight}${down ? ' down' : ''};`,
  )
  return [...first, ...servers].join('\n')
}

function options(members: readonly Member[]): UpstreamOptions['servers'] {
  return members.map(({ app, weight, down = false }) => ({
    address: app.address,
    weight,
    down,
    maxFails: 1,
    failTimeout: '10s',
  }))
}

async function startMembers(
  t: TestContext,
  ...shapes: Array<Omit<Member, 'app'>>
): Promise<Member[]> {
  return await Promise.all(
    shapes.map(async (shape, index) => {
      const app = await startAppServer({ name: `s${index}` })
      t.after(() => app.stop())
      return { ...shape, app }
    }),
  )
}

/** The server that answers one request, on a connection that is not kept. */
function ask(address: string, headers: Record<string, string> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(`http://${address}/`, { headers, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        body += text
      })
      response.on('end', () => {
        if (response.statusCode !== 200) return resolve(`status ${response.statusCode}`)
        resolve((JSON.parse(body) as { server: string }).server)
      })
    })
    sent.on('error', reject)
    sent.end()
  })
}

/** Asks both for the same, one request after the other, as round robin counts. */
async function picks(address: string, count: number): Promise<string[]> {
  const servers: string[] = []
  for (let i = 0; i < count; i += 1) servers.push(await ask(address))
  return servers
}

const KEYS = Array.from(
  { length: 1000 },
  (_, i) => ['user-', '10.0.0.', 'Zoë ', 'sess=;', ''].map((start) => `${start}${i * 7919}`)[i % 5],
) as string[]

/** A header value as Node sends it: its UTF-8 bytes, one character each. */
const onTheWire = (key: string): string => Buffer.from(key, 'utf8').toString('latin1')

const missing = nginxMissing()

describe('beside a real nginx over the same servers', { skip: missing ?? false }, () => {
  for (const { title, directive, balance } of [
    {
      title: 'hash $http_x_key consistent',
      directive: 'hash $http_x_key consistent;',
      balance: { hash: '$http_x_key', whenEmpty: 'round-robin' } as const,
    },
    {
      title: 'hash $http_x_key',
      directive: 'hash $http_x_key;',
      balance: { hash: '$http_x_key', consistent: false, whenEmpty: 'round-robin' } as const,
    },
  ]) {
    it(`${title}: 1,000 keys, weights and a down server: not one differs`, async (t) => {
      const members = await startMembers(
        t,
        { weight: 3 },
        { weight: 1 },
        { weight: 2, down: true },
        { weight: 5 },
        { weight: 1 },
      )
      const nginx = await startNginx({ upstream: directives(members, directive) })
      t.after(() => nginx.stop())
      const ours = await startGateway(t, { servers: options(members), upstream: { balance } })
      const differing: string[] = []
      const used = new Set<string>()
      for (let i = 0; i < KEYS.length; i += 20) {
        await Promise.all(
          KEYS.slice(i, i + 20).map(async (key) => {
            const headers = { 'x-key': onTheWire(key) }
            const [theirs, own] = await Promise.all([
              ask(nginx.address, headers),
              ask(ours.address, headers),
            ])
            used.add(own)
            if (theirs !== own) differing.push(`${key}: nginx ${theirs}, holdfast ${own}`)
          }),
        )
      }
      assert.deepEqual(differing, [])
      assert.deepEqual([...used].sort(), ['s0', 's1', 's3', 's4'])
      t.diagnostic(`${KEYS.length} keys over 5 servers, 1 down: 0 differ`)
    })
  }

  it('weighted round robin: 300 requests in the same order, a down server included', async (t) => {
    const members = await startMembers(
      t,
      { weight: 5 },
      { weight: 1 },
      { weight: 1, down: true },
      { weight: 2 },
    )
    const nginx = await startNginx({ upstream: directives(members) })
    t.after(() => nginx.stop())
    const ours = await startGateway(t, { servers: options(members) })
    // The fixture asked nginx whether it is ready at a place that needs no upstream.
    assert.deepEqual(await picks(ours.address, 300), await picks(nginx.address, 300))
  })

  it('ip_hash: both send the client to the same server', async (t) => {
    const members = await startMembers(t, { weight: 1 }, { weight: 2 }, { weight: 3 })
    const nginx = await startNginx({ upstream: directives(members, 'ip_hash;') })
    t.after(() => nginx.stop())
    const ours = await startGateway(t, {
      servers: options(members),
      upstream: { balance: 'ip-hash' },
    })
    assert.deepEqual(await picks(ours.address, 20), await picks(nginx.address, 20))
  })

  it('least_conn without concurrency takes turns by weight, as nginx does', async (t) => {
    const members = await startMembers(t, { weight: 3 }, { weight: 1 }, { weight: 2 })
    const nginx = await startNginx({ upstream: directives(members, 'least_conn;') })
    t.after(() => nginx.stop())
    const ours = await startGateway(t, {
      servers: options(members),
      upstream: { balance: 'least-conn' },
    })
    assert.deepEqual(await picks(ours.address, 120), await picks(nginx.address, 120))
  })

  it('a server that dies, stays dead for a while and returns: the same picks, request by request', async (t) => {
    const [first, second] = await startMembers(t, { weight: 1 }, { weight: 1 })
    assert.ok(first && second)
    const port = await freePort()
    const dead = `127.0.0.1:${port}`
    const upstream = [
      `server ${dead} weight=3 max_fails=2 fail_timeout=1s;`,
      `server ${first.app.address};`,
      `server ${second.app.address};`,
    ].join('\n')
    const nginx = await startNginx({ upstream })
    t.after(() => nginx.stop())
    const ours = await startGateway(t, {
      servers: [
        { address: dead, weight: 3, maxFails: 2, failTimeout: '1s' },
        { address: first.app.address, maxFails: 1, failTimeout: '10s' },
        { address: second.app.address, maxFails: 1, failTimeout: '10s' },
      ],
    })
    // Dead from the start: refused, charged, ejected after two fails.
    assert.deepEqual(await picks(ours.address, 40), await picks(nginx.address, 40))
    const state = (): string | undefined =>
      ours.app.holdfast.get('test').snapshot().servers[0]?.state
    assert.equal(state(), 'ejected')
    // Back, and fully so after one probe that succeeds.
    const returned = await startAppServer({ name: 'returned', port })
    t.after(() => returned.stop())
    const isBack = async (address: string): Promise<boolean> => (await ask(address)) === 'returned'
    await Promise.all([
      until('ours sends requests to it again', () => isBack(ours.address), { deadlineMs: 6000 }),
      until('nginx does', () => isBack(nginx.address), { deadlineMs: 6000 }),
    ])
    assert.equal(state(), 'up')
    const share = async (address: string): Promise<number> => {
      const all = await picks(address, 100)
      return all.filter((server) => server === 'returned').length
    }
    const [own, theirs] = [await share(ours.address), await share(nginx.address)]
    assert.ok(Math.abs(own - theirs) <= 2, `${own} of 100 requests against nginx's ${theirs}`)
    t.diagnostic(`after its return: ${own} of 100 requests, nginx ${theirs}`)
  })
})
