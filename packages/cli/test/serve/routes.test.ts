import assert from 'node:assert/strict'
import { request } from 'node:http'
import { describe, it } from 'node:test'
import { startGateway, startServer } from '../fixtures/gateway.js'
import { until } from '../fixtures/until.js'

/** With fetch the Host header cannot be chosen. */
function get(url: string, headers: Record<string, string> = {}): Promise<Response> {
  return new Promise((resolve, reject) => {
    request(url, { headers, agent: false }, async (answer) => {
      let text = ''
      for await (const chunk of answer) text += chunk
      const fields = answer.headersDistinct as Record<string, string[]>
      const all = Object.entries(fields).flatMap(([name, values]) =>
        values.map((value): [string, string] => [name, value]),
      )
      resolve(new Response(text, { status: answer.statusCode ?? 0, headers: all }))
    })
      .on('error', reject)
      .end()
  })
}

interface Seen {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

async function seenBy(answer: Response): Promise<Seen> {
  return (await answer.json()) as Seen
}

describe('the routes of a gateway', () => {
  it('go by the host first, and then by the longest prefix', async (t) => {
    const [a, b, c, d] = await Promise.all([1, 2, 3, 4].map(() => startServer(t)))
    const { url } = await startGateway(
      t,
      `listen: 127.0.0.1:0
upstreams: { a: { servers: ['${a}'] }, b: { servers: ['${b}'] }, c: { servers: ['${c}'] }, d: { servers: ['${d}'] } }
routes:
  - { upstream: a }
  - { upstream: b, prefix: /api }
  - { upstream: c, host: [shop.test, www.shop.test] }
  - { upstream: d, host: '*.test', prefix: /deep/er }
`,
    )
    const server = async (path: string, host: string): Promise<string | null> => {
      const answer = await get(`${url}${path}`, { host })
      return answer.status === 404 ? '404' : `127.0.0.1:${answer.headers.get('x-server')}`
    }
    assert.equal(await server('/', 'elsewhere'), a)
    assert.equal(await server('/api', 'elsewhere:80'), b)
    assert.equal(await server('/apis', 'elsewhere'), a)
    assert.equal(await server('/api/x', 'SHOP.test:8080'), c)
    assert.equal(await server('/x', 'www.shop.test'), c)
    assert.equal(await server('/deep/er/x', 'other.test'), d)
    assert.equal(await server('/deep', 'other.test'), '404')
  })

  it('keep the prefix unless it is rewritten, and change the fields that they say', async (t) => {
    const server = await startServer(t)
    const { url } = await startGateway(
      t,
      `listen: 127.0.0.1:0
upstreams: { a: { servers: ['${server}'] } }
routes:
  - { upstream: a, prefix: /keep }
  - upstream: a
    prefix: /cut
    rewritePrefix: /
    headers:
      request: { X-Host: 'at $host', User-Agent: false, Host: fixed.test }
      response: { X-Server: false, X-Frame-Options: DENY }
`,
    )
    const kept = await get(`${url}/keep/a?b`, { 'user-agent': 'me' })
    assert.equal((await seenBy(kept)).url, '/keep/a?b')
    const cut = await get(`${url}/cut/a?b`, { 'user-agent': 'me', host: 'shop.test' })
    const seen = await seenBy(cut)
    assert.equal(seen.url, '/a?b')
    assert.equal(seen.headers['x-host'], 'at shop.test')
    assert.equal(seen.headers['user-agent'], undefined)
    assert.equal(seen.headers.host, 'fixed.test')
    assert.equal(cut.headers.get('x-server'), null)
    assert.equal(cut.headers.get('x-frame-options'), 'DENY')
  })

  it('with a cache answer from memory, without a cookie, and not what is not for all', async (t) => {
    let asked = 0
    const server = await startServer(t, (request, response) => {
      asked += 1
      if (request.url === '/static/mine') response.setHeader('set-cookie', 'user=1')
      if (request.url === '/static/gone') response.statusCode = 500
      response.end(`answer ${asked} to ${request.headers['x-forwarded-for']}`)
    })
    const { url } = await startGateway(
      t,
      `listen: 127.0.0.1:0
upstreams: { a: { servers: ['${server}'], sticky: { cookie: c, keys: ['\${KEY}'] } } }
routes:
  - { upstream: a }
  - { upstream: a, prefix: /static, cache: { valid: { 200: 1h } } }
`,
    )
    const first = await get(`${url}/static/app.css`)
    const second = await get(`${url}/static/app.css`)
    assert.equal(await second.text(), await first.text())
    assert.equal(asked, 1)
    assert.equal(second.headers.get('set-cookie'), null)
    // How long it is good is between the gateway and its file.
    assert.equal(second.headers.get('cache-control'), null)

    for (const path of ['/static/mine', '/static/gone', '/other']) {
      const before: number = asked
      await get(`${url}${path}`)
      await get(`${url}${path}`)
      assert.equal(asked - before, 2, path)
    }
    assert.match((await get(`${url}/other`)).headers.get('set-cookie') ?? '', /^c=/)
  })
})

describe('a gateway that is configured anew', () => {
  it('keeps the health of its servers, whatever has changed', async (t) => {
    const dead = '127.0.0.1:1'
    const server = await startServer(t)
    const file = (rest: string): string => `listen: 127.0.0.1:0
upstreams: { a: { servers: [{ address: '${dead}', maxFails: 1 }, '${server}'] } }
routes: [{ upstream: a }${rest}]
`
    const { gateway, url, follow } = await startGateway(t, file(''))
    await get(url)
    await get(url)
    const stateOfDead = () => gateway.snapshot().upstreams[0]?.servers[0]?.state
    assert.equal(stateOfDead(), 'ejected')
    assert.deepEqual(await follow(file(', { upstream: a, prefix: /more }')), [])
    assert.equal((await get(`${url}/more`)).status, 200)
    assert.equal(stateOfDead(), 'ejected')
  })

  it('keeps what operators have said of servers', async (t) => {
    const [a, b] = await Promise.all([startServer(t), startServer(t)])
    const file = (rest: string): string => `listen: 127.0.0.1:0
upstreams: { a: { servers: ['${a}', '${b}'] } }
routes: [{ upstream: a }${rest}]
`
    const { gateway, url, follow } = await startGateway(t, file(''))
    gateway.holdfast.get('a').override(a ?? '', { state: 'drain' })
    const states = () =>
      gateway
        .snapshot()
        .upstreams[0]?.servers.map(({ state }) => state)
        .join()
    await follow(file(', { upstream: a, prefix: /more }'))
    await until('the word to come over', () => states() === 'drain,up')
    await follow(
      file(', { upstream: a, prefix: /more }').replace(`'${b}'`, `{ address: '${b}', weight: 2 }`),
    )
    assert.equal(states(), 'drain,up')
    assert.equal(`127.0.0.1:${(await get(url)).headers.get('x-server')}`, b)
  })

  it('opens new addresses, closes old ones, and keeps serving on the others', async (t) => {
    const server = await startServer(t)
    const file = (listen: string): string => `listen: ${listen}
upstreams: { a: { servers: ['${server}'] } }
routes: [{ upstream: a }]
`
    const { url, follow } = await startGateway(t, file('127.0.0.1:0'))
    const [second = ''] = await follow(file("['127.0.0.1:0', '[::1]:0']"))
    assert.match(second, /^http:\/\/\[::1\]:\d+$/)
    assert.equal((await get(url)).status, 200)
    assert.equal((await get(second)).status, 200)
    await follow(file("'[::1]:0'"))
    await assert.rejects(get(url), { code: 'ECONNREFUSED' })
    assert.equal((await get(second)).status, 200)
  })

  it('stays as it is when the new file cannot be had', async (t) => {
    const server = await startServer(t)
    const file = (upstream: string, listen = '127.0.0.1:0'): string => `listen: ${listen}
upstreams: { a: { ${upstream} } }
routes: [{ upstream: a }]
`
    const { url, follow } = await startGateway(t, file(`servers: ['${server}']`))
    await assert.rejects(follow(file('servers: []')), /needs at least one server/)
    const taken = new URL(`http://${server}`).host
    await assert.rejects(
      follow(file(`servers: ['127.0.0.1:1'], failOpen: false`, `['127.0.0.1:0', '${taken}']`)),
      {
        code: 'EADDRINUSE',
      },
    )
    assert.equal((await get(url)).status, 200)
  })
})
