import { Agent, createServer } from 'node:http'
import { createProxyMiddleware } from 'http-proxy-middleware'
import { listening, roundRobin } from './arguments.js'

const next = roundRobin()
// Without a framework around it, so that what it costs is its own.
const middleware = createProxyMiddleware({
  target: next(),
  router: next,
  agent: new Agent({ keepAlive: true }),
})

const server = createServer((request, response) => {
  void middleware(request, response, () => response.writeHead(404).end())
})
server.listen(0, '127.0.0.1', () => listening(server))
