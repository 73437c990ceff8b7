import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { buffer, text } from 'node:stream/consumers'
import { describe, it, type TestContext } from 'node:test'
import { startGateway } from '../fixtures/gateway.js'

/** Every byte there is, over and over. */
const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => i & 0xff))

/** A gateway whose server answers `/N` with N bytes, and `/chunked/N` without saying how many. */
async function startSized(t: TestContext): Promise<number> {
  const server = createServer(({ url = '' }, response) => {
    const body = bytes(Number(url.split('/').at(-1)))
    if (url.startsWith('/chunked')) response.write(body)
    else response.setHeader('Content-Length', body.length).write(body)
    response.end()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const app = await startGateway(t, {
    upstream: { name: 'sized', servers: [`127.0.0.1:${port}`] },
    log: 'off',
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return (app.server.address() as AddressInfo).port
}

describe('an answer past Fastify', () => {
  it('keeps every byte of its body, small or large, with or without a length', async (t) => {
    const port = await startSized(t)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    t.after(() => agent.destroy())
    for (const length of [0, 1, 256, 8192, 8193, 100_000]) {
      for (const path of [`/${length}`, `/chunked/${length}`]) {
        const request = get({ agent, port, host: '127.0.0.1', path })
        const [response] = (await once(request, 'response')) as [IncomingMessage]
        assert.deepEqual(await buffer(response), bytes(length), path)
      }
    }
  })

  it('waits for its turn where requests were sent without waiting for answers', async (t) => {
    const socket = connect(await startSized(t), '127.0.0.1')
    const request = (path: string, last = ''): string =>
      `GET ${path} HTTP/1.1\r\nHost: test\r\n${last}\r\n`
    socket.write(request('/70000') + request('/65') + request('/66', 'Connection: close\r\n'))
    socket.setEncoding('latin1')
    const lengths = [...(await text(socket)).matchAll(/Content-Length: (\d+)/gi)]
    assert.deepEqual(
      lengths.map(([, length]) => length),
      ['70000', '65', '66'],
    )
  })
})
