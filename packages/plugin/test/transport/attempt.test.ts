import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import {
  type Lease,
  type Outcome,
  outcomes,
  type Server,
  systemClock,
  systemTimers,
  type TimeoutsConfig,
  type TlsConfig,
} from '@holdfast/core'
import { Attempt, type AttemptListener } from '#plugin/transport/attempt.js'
import { Connections } from '#plugin/transport/connections.js'
import { Deadlines } from '#plugin/transport/deadlines.js'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const TIMEOUTS: TimeoutsConfig = {
  connectMs: 1_000,
  sendMs: 1_000,
  headersMs: 1_000,
  bodyMs: 1_000,
  responseMs: 0,
  tunnelMs: 0,
}
const NO_TLS: TlsConfig = {
  ca: undefined,
  cert: undefined,
  key: undefined,
  servername: undefined,
  verify: true,
}

interface End {
  readonly status: number | undefined
  readonly outcome: Outcome
  readonly attempt: Attempt
}

/** A server that answers with what `respond` writes, and attempts to it. */
async function setUp(
  t: TestContext,
  respond: (socket: Socket) => void,
): Promise<{ ask(): Promise<End>; connections: Connections }> {
  const sockets: Socket[] = []
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.on('data', () => respond(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const target = { address: `127.0.0.1:${port}`, config: { tls: false } } as Server
  const connections = new Connections(target, NO_TLS, { clock: systemClock, timers: systemTimers })
  const deadlines = new Deadlines(systemClock)
  t.after(async () => {
    connections.close()
    deadlines.close()
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  const ask = (): Promise<End> =>
    new Promise((resolve) => {
      let status: number | undefined
      const listener: AttemptListener = {
        onHead(_attempt, head) {
          status = head.status
        },
        onUpgrade() {},
        onData: () => true,
        onEnd: (attempt) => resolve({ status, outcome: outcomes.ok, attempt }),
        onFail: (attempt, outcome) => resolve({ status, outcome, attempt }),
      }
      const ground = { connections, deadlines, timeouts: TIMEOUTS }
      const attempt = new Attempt(listener, ground, {} as Lease, undefined, false)
      attempt.start({
        method: 'GET',
        path: '/',
        headers: ['Host', 'test'],
        hasBody: false,
        upgrade: undefined,
        keepAlive: true,
      })
    })
  return { ask, connections }
}

test('a complete answer leaves its connection for the next attempt', async (t) => {
  const { ask } = await setUp(t, (socket) => socket.write(OK))
  const first = await ask()
  const second = await ask()
  assert.deepEqual([first.status, first.outcome, second.outcome], [200, outcomes.ok, outcomes.ok])
  assert.deepEqual([first.attempt.reused, second.attempt.reused], [false, true])
  assert.equal(second.attempt.connection, first.attempt.connection)
})

test('a connection that the server has closed is not taken again, and breaks nobody', async (t) => {
  const { ask, connections } = await setUp(t, (socket) => socket.end(OK))
  const { attempt } = await ask()
  await once(attempt.connection.socket, 'end')
  assert.equal(connections.idleCount, 0)
  const next = await ask()
  assert.deepEqual([next.attempt.reused, next.outcome], [false, outcomes.ok])
})

test('half an answer was begun, nothing at all was not', async (t) => {
  const half = await setUp(t, (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Le'))
  const broken = await half.ask()
  assert.deepEqual([broken.outcome, broken.attempt.begun], [outcomes.reset, true])
  const none = await setUp(t, (socket) => socket.end())
  const silent = await none.ask()
  assert.deepEqual([silent.outcome, silent.attempt.begun], [outcomes.reset, false])
})

test('interim answers are not the answer, and a length is none of a 304', async (t) => {
  const interim = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'
  const hinted = await setUp(t, (socket) => socket.write(`${interim}${interim}${OK}`))
  const { status, outcome } = await hinted.ask()
  assert.deepEqual([status, outcome], [200, outcomes.ok])
  const unmodified = await setUp(t, (socket) =>
    socket.write('HTTP/1.1 304 Not Modified\r\nContent-Length: 1234\r\n\r\n'),
  )
  const { connections, ask } = unmodified
  const end = await ask()
  assert.deepEqual([end.status, end.outcome, connections.idleCount], [304, outcomes.ok, 1])
})

test('a body shorter than its length is cut, not whole', async (t) => {
  const { ask } = await setUp(t, (socket) =>
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok'),
  )
  const { status, outcome } = await ask()
  assert.deepEqual([status, outcome], [200, outcomes.cut])
})
