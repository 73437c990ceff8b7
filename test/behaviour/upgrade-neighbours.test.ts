import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import fastifyWebsocket from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import { Server as SocketIoServer } from 'socket.io'
import { io } from 'socket.io-client'
import { connect, startEcho } from '#fixtures/echo-sockets.js'
import { startGateway } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'

failOnLeaks()

test('routes of @fastify/websocket under our prefix keep their upgrades, before us or behind', async (t) => {
  const echo = await startEcho(t, 'a')
  const own = (path: string) => async (scope: FastifyInstance) => {
    scope.get(path, { websocket: true }, (socket) => socket.send('own'))
  }
  const gateway = await startGateway(t, {
    servers: [echo.address],
    plugin: { prefix: '/shop/:tenant' },
    prepare: async (app) => {
      await app.register(fastifyWebsocket)
      await app.register(own('/shop/acme/room/:id'))
      await app.register(own('/shop/acme/live/*'))
      app.register(async () => {
        await app.register(own('/shop/acme/later'))
      })
    },
  })
  const server = async (path: string): Promise<string> =>
    (await connect(t, `ws://${gateway.address}${path}`)).server
  for (const path of ['room/1', 'live/a/b', 'later']) {
    assert.equal(await server(`/shop/acme/${path}`), 'own', path)
  }
  for (const path of ['acme', 'acme/', 'acme/room', 'b%20c/live/%2Fa?x=/shop/acme/later']) {
    assert.equal(await server(`/shop/${path}`), 'a', path)
  }
})

test('routes of @fastify/websocket in the same gateway keep their upgrades', async (t) => {
  const servers = await Promise.all(['a', 'b'].map((name) => startEcho(t, name)))
  const gateway = await startGateway(t, {
    servers: servers.map(({ address }) => address),
    plugin: { prefix: '/shop' },
    prepare: async (app) => {
      await app.register(fastifyWebsocket)
      await app.register(async (scope) => {
        scope.get('/own', { websocket: true }, (socket) => socket.send('own'))
      })
    },
  })
  assert.equal((await connect(t, `ws://${gateway.address}/own`)).server, 'own')
  const { server } = await connect(t, `ws://${gateway.address}/shop/chat`)
  assert.ok(['a', 'b'].includes(server))
})

test('a Socket.IO server in the same process keeps its clients, and leaves us ours', async (t) => {
  const servers = await Promise.all(['a', 'b'].map((name) => startEcho(t, name)))
  let sockets: SocketIoServer | undefined
  const gateway = await startGateway(t, {
    servers: servers.map(({ address }) => address),
    plugin: { prefix: '/shop' },
    prepare: (app) => {
      // It closes every upgraded socket that it does not know, after a while.
      sockets = new SocketIoServer(app.server, { destroyUpgradeTimeout: 100 })
      sockets.on('connection', (socket) => socket.emit('hello', 'socket.io'))
      app.addHook('preClose', async () => sockets?.disconnectSockets(true))
    },
  })
  const proxied = await connect(t, `ws://${gateway.address}/shop/chat`)
  const client = io(`http://${gateway.address}`, { transports: ['websocket'], reconnection: false })
  t.after(() => client.close())
  const hello = await new Promise<unknown>((resolve, reject) => {
    client.on('hello', resolve)
    client.on('connect_error', reject)
  })
  assert.equal(hello, 'socket.io')
  await new Promise((resolve) => setTimeout(resolve, 150))
  const echoed = once(proxied.socket, 'message')
  proxied.socket.send('still here')
  assert.equal(String((await echoed)[0]), 'still here')
  client.close()
})
