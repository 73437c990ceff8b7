/** What the gateway's own hooks make of a request is what the server gets. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { createGunzip, gzipSync } from 'node:zlib'
import type { FastifyInstance } from 'fastify'
import { answer } from '#fixtures/behaviour.js'
import { startFaultServer } from '#fixtures/fault-server.js'
import { startGateway } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { exchange, get } from '#fixtures/raw-client.js'
import type { ReceivedRequest } from '#fixtures/received-request.js'

failOnLeaks()

/** The request as the server gets it, through a gateway that `prepare` has put hooks in. */
async function received(
  t: TestContext,
  prepare: (app: FastifyInstance) => void,
  request: string | Buffer,
): Promise<ReceivedRequest> {
  const server = await startFaultServer({ script: () => answer() })
  t.after(() => server.close())
  const gateway = await startGateway(t, { servers: [server.address], prepare })
  const response = await exchange(gateway.address, request)
  assert.equal(response.status, 200, response.body.toString())
  const [first] = server.requests
  assert.ok(first !== undefined)
  return first
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

for (const hook of ['onRequest', 'preValidation', 'preHandler'] as const) {
  test(`what ${hook} deletes, sets and adds among the fields holds`, async (t) => {
    const prepare = (app: FastifyInstance): void => {
      app.addHook(hook as 'onRequest', async ({ headers }) => {
        delete headers['x-internal']
        headers['x-role'] = 'guest'
        headers['x-user'] = 'ann'
      })
    }
    const lines = ['X-Internal: 1', 'X-Role: admin', 'X-Kept: 1', 'X-USER: root']
    const { lines: got } = await received(t, prepare, get('/', ...lines, 'Connection: close'))
    assert.deepEqual(
      got.filter((line) => /^x-(internal|role|kept|user)/i.test(line)),
      ['X-Role: guest', 'X-Kept: 1', 'X-USER: ann'],
    )
  })
}

test('headers that a hook sets as a whole are added', async (t) => {
  const prepare = (app: FastifyInstance): void => {
    app.addHook('preHandler', async (request) => {
      Reflect.set(request, 'headers', { 'x-user': 'ann' })
    })
  }
  const request = await received(t, prepare, get('/', 'X-A: 1', 'Connection: close'))
  assert.deepEqual([request.header('x-user'), request.header('x-a')], ['ann', '1'])
})

for (const told of [true, false]) {
  test(`a body unpacked by a hook that ${told ? 'says so' : 'does not'} goes on whole`, async (t) => {
    const prepare = (app: FastifyInstance): void => {
      app.addHook('preParsing', async (request, _reply, payload) => {
        if (told) delete request.headers['content-encoding']
        return payload.pipe(createGunzip())
      })
    }
    const text = 'a text that is longer than what it is packed to. '.repeat(50)
    const body = gzipSync(text)
    const head = [
      ...['POST / HTTP/1.1', 'Host: test', 'Content-Encoding: gzip', 'Connection: close'],
      ...[`Content-Length: ${body.length}`, '', ''],
    ].join('\r\n')
    const request = await received(t, prepare, Buffer.concat([Buffer.from(head), body]))
    assert.equal(request.bodyHash, sha256(text))
    assert.equal(request.header('content-length'), undefined)
    assert.equal(request.header('transfer-encoding'), 'chunked')
    assert.equal(request.header('content-encoding'), told ? undefined : 'gzip')
  })
}
