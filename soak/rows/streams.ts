import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { handshake } from '@holdfast/test/fixtures/echo-sockets.js'
import { listen } from '@holdfast/test/fixtures/ports.js'
import { connectRaw } from '@holdfast/test/fixtures/raw-client.js'
import { until } from '@holdfast/test/fixtures/until.js'
import { download, hashOf, MB, startBulkServer, upload } from '../lib/bulk.js'
import { type Gateway, spawnGateway } from '../lib/gateway.js'
import { spawnServer } from '../lib/site.js'
import { wait, watchDuring } from '../lib/wait.js'
import type { Row } from '../row.js'
import type { Trial } from '../trial.js'

const GB = 1024
const MOST_GROWTH = { atMost: 64 } as const

/** Runs the work, and returns its result and by how many MB the gateway grew meanwhile. */
async function growthDuring<T>(
  gateway: Gateway,
  work: () => Promise<T>,
): Promise<{ result: T; grownMb: number }> {
  const before = gateway.residentMb()
  const working = work()
  const seen = await watchDuring(working, 100, () => gateway.residentMb())
  return { result: await working, grownMb: Math.max(...seen) - before }
}

export const streams: readonly Row[] = [
  {
    id: 'D20',
    what: '20 throttled downloads of 1 GB at once',
    pass: 'all whole; resident memory grows at most 64 MB',
    async run(trial) {
      const clients = 20
      const size = trial.count(GB)
      const gateway = await spawnGateway(trial, {
        upstream: { servers: [await startBulkServer(trial)] },
      })
      await download(gateway.address, 64)
      const startedMs = performance.now()
      const { result, grownMb } = await growthDuring(gateway, () =>
        Promise.all(
          // A GB takes a minute at the least, and each client its own time.
          Array.from({ length: clients }, (_, i) => download(gateway.address, size, 17 - i / 4)),
        ),
      )
      const whole = result.filter(({ bytes }) => bytes === size * MB)
      return [
        { name: 'downloads', value: clients },
        { name: 'each', value: size, unit: 'MB' },
        { name: 'whole', value: whole.length, bound: { exactly: clients } },
        { name: 'took', value: (performance.now() - startedMs) / 1000, unit: 's' },
        { name: 'grew by', value: grownMb, unit: 'MB', bound: MOST_GROWTH },
      ]
    },
  },
  {
    id: 'D1',
    what: 'an upload and a download of 1 GB',
    pass: 'both arrive byte for byte; resident memory grows at most 64 MB',
    async run(trial) {
      const size = trial.count(GB)
      const expected = hashOf(size)
      const app = await spawnServer(trial, { name: 'app', delayMs: 0 })
      const over = (address: string): Promise<Gateway> =>
        spawnGateway(trial, {
          upstream: { servers: [address] },
          plugin: { bodyLimit: 2 * GB * MB },
        })
      const up = await over(app.address)
      await upload(up.address, 16)
      const sent = await growthDuring(up, () => upload(up.address, size))
      const down = await over(await startBulkServer(trial))
      await download(down.address, 16)
      const taken = await growthDuring(down, () => download(down.address, size))
      const differ = [sent, taken].filter(({ result }) => result.hash !== expected)
      return [
        { name: 'each', value: size, unit: 'MB' },
        { name: 'that differ', value: differ.length, bound: { exactly: 0 } },
        { name: 'grew by, upload', value: sent.grownMb, unit: 'MB', bound: MOST_GROWTH },
        { name: 'download', value: taken.grownMb, unit: 'MB', bound: MOST_GROWTH },
      ]
    },
  },
  {
    id: 'WS',
    what: 'a WebSocket client that pauses while 100 MB are for it',
    pass: 'the server is held back, memory grows at most 64 MB, and all of it comes later',
    async run(trial) {
      const messages = 100
      const source = await startMessageServer(trial, messages)
      const gateway = await spawnGateway(trial, { upstream: { servers: [source.address] } })
      const client = await connectRaw(gateway.address)
      trial.after(() => client.close())
      client.send(handshake('/'))
      await client.bytes(1)
      client.pause()
      const { grownMb } = await growthDuring(gateway, async () => {
        let last = -1
        await until(
          'the server is held back',
          () => {
            const still = source.sent() === last
            last = source.sent()
            return still
          },
          { deadlineMs: 10_000, everyMs: 500 },
        )
        await wait(1_000)
      })
      const held = source.sent()
      client.resume()
      await client.bytes(messages * MESSAGE_BYTES, 30_000)
      return [
        { name: 'sent before it was held back', value: held, unit: 'MB', bound: { atMost: 30 } },
        { name: 'grew by', value: grownMb, unit: 'MB', bound: MOST_GROWTH },
        {
          name: 'came in the end',
          value: Math.floor(client.receivedBytes / MESSAGE_BYTES),
          unit: 'MB',
          bound: { exactly: messages },
        },
      ]
    },
  },
]

const MESSAGE_BYTES = 1_000_000

/** A server that agrees to every upgrade and sends binary messages of a megabyte. */
async function startMessageServer(
  trial: Trial,
  messages: number,
): Promise<{ readonly address: string; sent(): number }> {
  let sent = 0
  // FIN and binary; no mask, and a length of eight bytes.
  const head = Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 0, 0, 0])
  head.writeUInt32BE(MESSAGE_BYTES, 6)
  const message = Buffer.concat([head, Buffer.alloc(MESSAGE_BYTES)])
  function* frames(): Generator<Buffer> {
    for (; sent < messages; sent += 1) yield message
  }
  const server = createServer()
  server.on('upgrade', (_request, socket) => {
    trial.after(() => socket.destroy())
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    )
    // A client that leaves is not its business.
    pipeline(Readable.from(frames()), socket, { end: false }).catch(() => {})
  })
  const port = await listen(server)
  trial.after(() => server.close())
  return { address: `127.0.0.1:${port}`, sent: () => sent }
}
