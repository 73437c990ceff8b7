import { Agent, createServer } from 'node:http'
import { createProxyServer } from 'http-proxy-3'
import { listening, roundRobin } from './arguments.js'

const next = roundRobin()
const proxy = createProxyServer({ agent: new Agent({ keepAlive: true }) })

const server = createServer((request, response) => proxy.web(request, response, { target: next() }))
server.listen(0, '127.0.0.1', () => listening(server))
