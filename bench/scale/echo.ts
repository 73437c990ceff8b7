import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { answering } from './asked.js'
import { HELLO, messageIn } from './words.js'

/** A server on every address of the loopback: it says hello, or echoes through a WebSocket. */
const server = createServer((_request, response) => {
  response.setHeader('Content-Type', 'text/plain')
  response.end(HELLO)
})
server.keepAliveTimeout = 3_600_000
server.on('upgrade', (request, socket: Duplex) => {
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
  const accept = createHash('sha1').update(key).digest('base64')
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
  socket.on('error', () => {})
  // A server of Node lets its side stay open; one that speaks WebSocket does not.
  socket.on('end', () => socket.end())
  socket.on('data', (frame: Buffer) => socket.write(messageIn(frame)))
})
server.listen({ host: '0.0.0.0', port: 0, backlog: 4_096 }, () => {
  answering((server.address() as AddressInfo).port, {})
})
