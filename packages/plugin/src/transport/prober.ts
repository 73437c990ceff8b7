import type { Prober, Server } from '@holdfast/core'
import type { ConnectionListener } from '../wire/connection.js'
import type { Connections } from './connections.js'
import { proxyHost } from './proxy-host.js'

/**
 * Asks servers how they are, over the same TLS and sockets as requests. Every check dials anew: a
 * server that takes no new connections is not well, however long it keeps the old ones.
 * @param host the upstream's `host`; no client stands behind a check, so `$host` is the server's.
 */
export function createProber(connectionsTo: (server: Server) => Connections, host: string): Prober {
  return {
    probe: async (server, path, signal) => {
      const connection = connectionsTo(server).take(true)
      const name = host.startsWith('$') ? proxyHost(server) : host
      const request = {
        method: 'GET',
        path,
        headers: ['Host', name, 'User-Agent', 'holdfast-check'],
        hasBody: false,
        upgrade: undefined,
        keepAlive: false,
      }
      let giveUp = (): void => {}
      try {
        return await new Promise<number>((resolve, reject) => {
          giveUp = () => reject(new Error('the check was given up'))
          signal.addEventListener('abort', giveUp)
          connection.send(request, undefined, statusOf(resolve, reject))
        })
      } finally {
        signal.removeEventListener('abort', giveUp)
        connection.destroy()
      }
    },
  }
}

/** The head is all that counts; the body of the answer is not waited for. */
function statusOf(
  resolve: (status: number) => void,
  reject: (error: Error) => void,
): ConnectionListener {
  return {
    onSending() {},
    onBegun() {},
    onHead: ({ status }) => resolve(status),
    onSwitch: (_head, socket) => socket.destroy(),
    onBody() {},
    onComplete() {},
    onError: reject,
  }
}
