/** For whom a request is, and how it is framed: said once, or refused. */
import assert from 'node:assert/strict'
import { connect } from 'node:http2'
import { type TestContext, test } from 'node:test'
import { answer } from '#fixtures/behaviour.js'
import { startFaultServer } from '#fixtures/fault-server.js'
import { type GatewayOptions, startGateway } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { exchange, get } from '#fixtures/raw-client.js'

failOnLeaks()

async function start(t: TestContext, options: Partial<GatewayOptions> = {}) {
  const server = await startFaultServer({ script: () => answer() })
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [server.address], ...options })
  const hosts = () =>
    server.requests.map((one) => [one.header('host'), one.header('x-forwarded-host')])
  return { server, gateway, hosts }
}

test('the authority of an absolute target is the host for servers, and for keys', async (t) => {
  const keys: Array<string | undefined> = []
  const hash = (request: { host: string }): string => {
    keys.push(request.host)
    return request.host
  }
  const { gateway, hosts } = await start(t, {
    upstream: { balance: { hash: [hash, '$host'] } as never },
  })
  const target = 'http://real.example:81/p'
  assert.equal((await exchange(gateway.address, get(target))).status, 200)
  assert.deepEqual(hosts(), [['real.example:81', 'real.example:81']])
  assert.deepEqual(keys, ['real.example:81'])
})

test('the authority of HTTP/2 is the host, whatever a Host field says', async (t) => {
  const { gateway, hosts } = await start(t, { fastify: { http2: true } as object })
  const session = connect(`http://${gateway.address}`)
  t.after(() => session.destroy())
  for (const host of [{ host: 'other.example' }, {}]) {
    const head = { ':path': '/', ':authority': 'real.example', ...host }
    const stream = session.request(head)
    stream.resume()
    await new Promise((resolve) => stream.once('close', resolve))
  }
  assert.deepEqual(hosts(), Array(2).fill(['real.example', 'real.example']))
})

test('rewriteRequestHeaders may write Host as it likes', async (t) => {
  const { gateway, hosts } = await start(t, {
    plugin: { rewriteRequestHeaders: () => ({ 'X-A': '1', Host: 'written.example' }) },
  })
  assert.equal((await exchange(gateway.address, get('/'))).status, 200)
  assert.deepEqual(hosts(), [['written.example', undefined]])
})

test('a transfer coding other than chunked is 501, and goes nowhere', async (t) => {
  const { gateway, server } = await start(t)
  for (const coding of ['gzip, chunked', 'chunked, chunked', 'identity, chunked']) {
    const head = get('/', `Transfer-Encoding: ${coding}`, 'Connection: close')
    const response = await exchange(
      gateway.address,
      `${head.replace('GET', 'POST')}1\r\nx\r\n0\r\n\r\n`,
    )
    assert.ok([400, 501].includes(response.status), `${coding}: ${response.status}`)
    if (coding === 'gzip, chunked') assert.equal(response.status, 501)
  }
  assert.equal(server.requests.length, 0)
  const plain = get('/', 'Transfer-Encoding: CHUNKED', 'Connection: close').replace('GET', 'POST')
  assert.equal((await exchange(gateway.address, `${plain}0\r\n\r\n`)).status, 200)
})

test('TRACE is passed on only where it is asked for', async (t) => {
  const trace = get('/', 'Connection: close').replace('GET', 'TRACE')
  const { gateway, server } = await start(t)
  assert.equal((await exchange(gateway.address, trace)).status, 404)
  assert.equal(server.requests.length, 0)
  const prepare: GatewayOptions['prepare'] = (app) => {
    app.addHttpMethod('TRACE')
  }
  const asked = await start(t, { prepare, plugin: { httpMethods: ['TRACE'] } })
  assert.equal((await exchange(asked.gateway.address, trace)).status, 200)
})
