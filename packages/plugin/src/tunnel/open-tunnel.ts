import type { Duplex } from 'node:stream'
import type { Exchange } from '../exchange.js'
import type { PendingUpgrade } from './pending-upgrade.js'
import { Tunnel } from './tunnel.js'
import { serializeHead } from './upgrade-head.js'

/**
 * Passes the server's consent on and joins the two ends. Until here nothing of what the client
 * sent behind its head has gone anywhere.
 */
export function openTunnel(
  { registration, reply }: Exchange,
  upgrade: PendingUpgrade,
  headers: readonly string[],
  server: Duplex,
  onClose: (toServer: number, toClient: number) => void,
): void {
  const { gateway, timeouts } = registration
  const socket = upgrade.release()
  reply.hijack()
  reply.raw.detachSocket(socket)
  socket.write(serializeHead(headers))
  const tunnel = new Tunnel({
    client: socket,
    server,
    webSocket: upgrade.protocol.trim().toLowerCase() === 'websocket',
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
