import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { listening } from './gateways/arguments.js'

/** A server that says what it hears, in a process of its own. */
const server = createServer((_request, response) => response.end())
new WebSocketServer({ server }).on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
})
server.listen(0, '127.0.0.1', () => listening(server))
