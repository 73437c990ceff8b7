import { once } from 'node:events'
import { WebSocket } from 'ws'

/**
 * Tunnels that stay, each with one message on its way at a time: `tunnel-load PORT TUNNELS BYTES`.
 * Told for how many seconds, it says how many messages came back.
 */
const [port = 0, tunnels = 0, bytes = 0] = process.argv.slice(2).map(Number)
const message = Buffer.alloc(bytes, 'x')
let endMs = 0
let echoes = 0
let quiet = 0

const sockets = await Promise.all(Array.from({ length: tunnels }, open))

process.on('message', ({ seconds }: { readonly seconds: number }) => {
  endMs = performance.now() + seconds * 1_000
  echoes = 0
  quiet = 0
  for (const socket of sockets) socket.send(message)
})
process.send?.({ port })

async function open(): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/echo`, { perMessageDeflate: false })
  await once(socket, 'open')
  socket.on('message', (data: Buffer) => {
    if (data.length !== bytes) throw new Error(`${data.length} bytes came back`)
    echoes += 1
    if (performance.now() < endMs) socket.send(message)
    else {
      quiet += 1
      if (quiet === sockets.length) process.send?.({ echoes })
    }
  })
  socket.on('close', () => {
    throw new Error('A tunnel has closed')
  })
  return socket
}
