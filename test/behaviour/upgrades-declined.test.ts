/**
 * Requests that ask for an upgrade and get an ordinary answer: what has a body, and HTTP/2. Nothing
 * of them may get lost on the way.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { answer, later } from '#fixtures/behaviour.js'
import { curl, curlMissing } from '#fixtures/curl.js'
import { handshake } from '#fixtures/echo-sockets.js'
import { type FaultServer, startFaultServer } from '#fixtures/fault-server.js'
import { startGateway, type TestGateway } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { connectRaw, exchange, get } from '#fixtures/raw-client.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

async function start(
  t: TestContext,
  fastify: object = {},
): Promise<{ server: FaultServer; gateway: TestGateway }> {
  const server = await startFaultServer({ script: () => answer({ body: 'plain' }) })
  t.after(() => server.close())
  return { server, gateway: await startGateway(t, { servers: [server.address], fastify }) }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** An upgrade to `protocol` with the framing that `line` tells. */
const ask = (protocol: string, line: string): string =>
  handshake('/in', 'HTTP2-Settings: AAMAAABkAAQAAP__', line)
    .replace('GET', 'POST')
    .replace('Connection: Upgrade', 'Connection: Upgrade, HTTP2-Settings, X-Mine')
    .replace('Upgrade: websocket', `Upgrade: ${protocol}`)

for (const protocol of ['h2c', 'websocket']) {
  const title = `a request with a body that asks for ${protocol} is an ordinary one`
  test(`${title}, by length, in one part or many`, async (t) => {
    const { server, gateway } = await start(t)
    const client = await connectRaw(gateway.address)
    t.after(() => client.close())
    client.send(`${ask(protocol, 'Content-Length: 6')}abc`)
    await until('the server was asked', () => server.requests.length === 1)
    client.send('def')
    assert.equal((await client.response('POST')).status, 200)
    const [received] = server.requests
    assert.equal(received?.bodyHash, sha256('abcdef'))
    assert.equal(received?.header('upgrade'), undefined)
    assert.equal(received?.header('http2-settings'), undefined)
    client.send(get('/next'))
    assert.equal((await client.response()).status, 200, 'the connection stays')
  })

  test(`${title}, in chunks`, async (t) => {
    const { server, gateway } = await start(t)
    const head = ask(protocol, 'Transfer-Encoding: chunked')
    const response = await exchange(gateway.address, `${head}3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n`)
    assert.equal(response.status, 200)
    assert.equal(server.requests[0]?.bodyHash, sha256('abcdef'))
  })
}

test('what Connection names is dropped from a declined upgrade too', async (t) => {
  const { server, gateway } = await start(t)
  const request = `${ask('h2c', 'Content-Length: 1').replace('\r\n\r\n', '\r\nX-Mine: 1\r\n\r\n')}x`
  assert.equal((await exchange(gateway.address, request)).status, 200)
  assert.equal(server.requests[0]?.header('x-mine'), undefined)
})

test('a body that may have lost its framing with other fields is no request', async (t) => {
  const { server, gateway } = await start(t)
  const many = Array.from({ length: 1_100 }, (_, i) => `x-${i}: 1`).join('\r\n')
  const response = await exchange(
    gateway.address,
    `${ask('h2c', many).replace('\r\n\r\n', '\r\nContent-Length: 16\r\n\r\n')}GET / HTTP/1.1\r\n`,
  )
  assert.equal(response.status, 431)
  assert.equal(server.requests.length, 0)
})

test('an upgrade behind a request that is still answered waits, and harms nobody', async (t) => {
  let go: () => void = () => {}
  const gone = new Promise<void>((resolve) => {
    go = resolve
  })
  const server = await startFaultServer({
    script: [later(gone, answer({ body: 'first' })), answer({ body: 'second' })],
  })
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [server.address] })
  const client = await connectRaw(gateway.address)
  t.after(() => client.close())
  client.send(`${get('/first')}${handshake('/second')}`)
  await until('the first was asked', () => server.requests.length === 1)
  go()
  assert.equal((await client.response()).body.toString(), 'first')
  assert.equal((await client.response()).body.toString(), 'second')
})

test('curl --http2 gets its answers over HTTP/1.1', { skip: curlMissing() }, async (t) => {
  const { server, gateway } = await start(t)
  const result = await curl('--http2', '-d', 'x=1', `http://${gateway.address}/`)
  assert.deepEqual([result.code, result.status], [0, 200])
  assert.equal(server.requests[0]?.bodyHash, sha256('x=1'))
  assert.equal((await curl('--http2', `http://${gateway.address}/`)).status, 200)
})
