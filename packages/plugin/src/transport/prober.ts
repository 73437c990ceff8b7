import type { Prober, Server } from '@holdfast/core'
import type { Dispatcher } from 'undici'
import type { Connections } from './connections.js'
import { proxyHost } from './proxy-host.js'

/**
 * Asks servers how they are, over the same TLS and sockets as requests. Every check dials anew: a
 * server that takes no new connections is not well, however long it keeps the old ones.
 * @param host the upstream's `host`; no client stands behind a check, so `$host` is the server's.
 */
export function createProber(connectionsTo: (server: Server) => Connections, host: string): Prober {
  return {
    probe: (server, path, signal) => {
      const connections = connectionsTo(server)
      const { serverName } = connections
      const connection = connections.take(true)
      const giveUp = (): void => connection.destroy()
      signal.addEventListener('abort', giveUp)
      const answer = new Promise<number>((resolve, reject) => {
        const request = {
          path,
          method: 'GET',
          headers: [
            'Host',
            host.startsWith('$') ? proxyHost(server) : host,
            'User-Agent',
            'holdfast-check',
          ],
          reset: true,
          ...(serverName === undefined ? {} : { servername: serverName }),
        } as Dispatcher.DispatchOptions
        connection.client.dispatch(request, statusOf(resolve, reject))
      })
      return answer.finally(() => {
        signal.removeEventListener('abort', giveUp)
        connection.destroy()
      })
    },
  }
}

/** The head is all that counts; the body of the answer is not waited for. */
function statusOf(
  resolve: (status: number) => void,
  reject: (error: Error) => void,
): Dispatcher.DispatchHandler {
  return {
    onRequestStart() {},
    onResponseStart(_controller, status) {
      if (status >= 200) resolve(status)
    },
    onResponseData() {},
    onResponseEnd() {},
    onResponseError(_controller, error) {
      reject(error)
    },
  }
}
