import type { Duplex } from 'node:stream'
import type { Exchange } from '../exchange.js'
import { Tunnel } from './tunnel.js'
import { serializeHead } from './upgrade-head.js'
import type { PendingUpgrade } from './upgrades.js'

/**
 * Passes the server's consent on and joins the two ends. Until here nothing of what the client
 * sent behind its head has gone anywhere.
 */
export function openTunnel(
  { registration, reply }: Exchange,
  { protocol, socket, early }: PendingUpgrade,
  headers: readonly string[],
  server: Duplex,
  onClose: (toServer: number, toClient: number) => void,
): void {
  const { gateway, timeouts } = registration
  reply.hijack()
  reply.raw.detachSocket(socket as Parameters<typeof reply.raw.detachSocket>[0])
  socket.write(serializeHead(headers))
  if (early.length > 0) socket.unshift(early)
  const tunnel = new Tunnel({
    client: socket,
    server,
    webSocket: protocol.trim().toLowerCase() === 'websocket',
    deadlines: gateway.deadlines,
    idleMs: timeouts.tunnelMs,
    onClose(toServer, toClient) {
      gateway.tunnels.delete(tunnel)
      onClose(toServer, toClient)
    },
  })
  gateway.tunnels.add(tunnel)
  if (gateway.draining) void tunnel.leave()
}
