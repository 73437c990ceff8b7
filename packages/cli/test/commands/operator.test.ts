import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { workshop } from '../fixtures/run.js'

interface Asked {
  readonly method: string
  readonly url: string
  readonly token: string | undefined
  readonly body: unknown
}

/** The statistics as their contract has them; each path answers what it is told to, in turn. */
async function startStats(t: TestContext, answers: Readonly<Record<string, readonly unknown[]>>) {
  const asked: Asked[] = []
  const given = new Map<string, number>()
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const { method = '', url = '' } = request
    asked.push({
      method,
      url,
      token: request.headers.authorization,
      body: text === '' ? undefined : JSON.parse(text),
    })
    const key = `${method} ${url.split('?')[0]}`
    const turn = given.get(key) ?? 0
    given.set(key, turn + 1)
    const all = answers[key]
    const answer = all?.[Math.min(turn, all.length - 1)]
    response.statusCode = answer === undefined ? 404 : 200
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(answer ?? { message: 'There is no such thing' }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const SERVER = '/api/v1/upstreams/shop/servers/10.0.0.1%3A80'
const env = { HOLDFAST_ADMIN_TOKEN: 'sixteen characters and more' }
const busy = { sessionsLeft: 3, activeRequests: 1, tunnels: 0, safeToStop: false }
const idle = { sessionsLeft: 0, activeRequests: 0, tunnels: 0, safeToStop: true }

describe('the operator’s verbs', () => {
  it('drain, undrain and weight say what they want, with the token', async (t) => {
    const { run } = workshop(t)
    const { asked, url } = await startStats(t, {
      [`POST ${SERVER}`]: [busy],
      [`DELETE ${SERVER}`]: [busy],
    })
    const target = ['shop', '10.0.0.1:80']
    assert.equal((await run(['drain', ...target, '--stats', url, '--ttl', '1h'], { env })).code, 0)
    assert.equal((await run(['weight', ...target, '5', '--stats', url], { env })).code, 0)
    assert.equal((await run(['undrain', ...target, '--stats', `${url}/`], { env })).code, 0)
    const token = `Bearer ${env.HOLDFAST_ADMIN_TOKEN}`
    assert.deepEqual(asked, [
      { method: 'POST', url: SERVER, token, body: { state: 'drain', ttl: '1h' } },
      { method: 'POST', url: SERVER, token, body: { weight: 5 } },
      { method: 'DELETE', url: SERVER, token, body: undefined },
    ])
  })

  it('drain --wait ends with 0 when the server may be stopped', async (t) => {
    const { run } = workshop(t)
    const { url } = await startStats(t, {
      [`POST ${SERVER}`]: [busy],
      [`GET ${SERVER}/drain`]: [busy, idle],
    })
    const args = ['drain', 'shop', '10.0.0.1:80', '--wait', '10s', '--stats', url]
    const { code, out, err } = await run(args, { env })
    assert.equal(code, 0)
    assert.match(err, /3 sessions, 1 requests, 0 tunnels left/)
    assert.match(out, /may be stopped/)
  })

  it('drain --wait ends with 1 when the time is over', async (t) => {
    const { run } = workshop(t)
    const { url } = await startStats(t, {
      [`POST ${SERVER}`]: [busy],
      [`GET ${SERVER}/drain`]: [busy],
    })
    const args = ['drain', 'shop', '10.0.0.1:80', '--wait', '0s', '--stats', url, '--json']
    const { code, out } = await run(args, { env })
    assert.equal(code, 1)
    assert.equal(JSON.parse(out).safeToStop, false)
  })

  it('end with 3 when the statistics refuse or are not there', async (t) => {
    const { run } = workshop(t)
    const { url } = await startStats(t, {})
    const refused = await run(['undrain', 'shop', 'x', '--stats', url])
    assert.equal(refused.code, 3)
    assert.match(refused.err, /answered 404: There is no such thing/)
    const nobody = await run(['status', '--stats', 'http://127.0.0.1:1'])
    assert.equal(nobody.code, 3)
    assert.match(nobody.err, /ECONNREFUSED/)
    assert.equal((await run(['status'])).code, 2)
    assert.equal((await run(['weight', 'shop', 'x', '0', '--stats', url])).code, 2)
  })

  it('status shows every server in a table, and explain goes by its health', async (t) => {
    const server = {
      id: '127.0.0.1:8081',
      address: '127.0.0.1:8081',
      state: 'ejected',
      weight: 1,
      backup: false,
      active: 2,
      tunnels: 1,
      requests: 7,
      fails: { connect: 3 },
      ejectedUntil: 1,
      sessions: null,
      latencyMs: { p50: 1, p99: 9.5 },
    }
    const shop = {
      name: 'shop',
      balance: 'round-robin',
      sticky: 'cookie',
      servers: [
        server,
        { ...server, id: '127.0.0.1:8082', address: '127.0.0.1:8082', state: 'up' },
      ],
      affinity: { kept: 5, new: 2, moved: { ejected: 1 }, none: 0 },
    }
    const { run } = workshop(t, {
      'g.yaml': `listen: 127.0.0.1:0\nupstreams: { shop: { servers: ['127.0.0.1:8081', '127.0.0.1:8082'], sticky: { cookie: c, value: text } } }\nroutes: [{ upstream: shop }]\n`,
    })
    const { url } = await startStats(t, {
      'GET /api/v1/upstreams': [{ upstreams: [shop] }],
      'GET /api/v1/upstreams/shop': [shop],
    })
    const { out } = await run(['status', '--stats', url])
    assert.match(out, /^shop: round-robin, sticky by cookie; 5 kept, 2 new, 1 moved\n/)
    assert.match(out, /127\.0\.0\.1:8081 +ejected +1 +- +3 +7 +3 +9\.5\n/)
    assert.equal((await run(['status', 'nobody', '--stats', url])).code, 2)

    const explained = await run([
      'explain',
      'g.yaml',
      '--json',
      '--stats',
      url,
      '--cookie-value',
      '127.0.0.1:8081',
    ])
    const { server: chosen, moved, skipped } = JSON.parse(explained.out)
    assert.equal(chosen, '127.0.0.1:8082')
    assert.equal(moved, 'ejected')
    assert.deepEqual(skipped, [{ server: '127.0.0.1:8081', why: 'ejected' }])
  })
})
