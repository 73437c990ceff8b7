import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { namedByConnection } from '../request/headers.js'

/** What Node keeps of a head unless told otherwise; the fields behind are lost. */
const HEADERS_MOST = 1_000

/** Whether the message goes on behind its head. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0
}

/**
 * Has a request served as if it did not ask for an upgrade, as a server may (RFC 9110, 7.8).
 *
 * With the event its parser has gone, and a body would be bytes that nobody understands. So the
 * head is written again without the wish, put back before what else came, and the connection is
 * given to the server as one that has just been made.
 */
export function serveWithoutUpgrade(
  server: Server,
  request: IncomingMessage,
  socket: Socket,
  early: Buffer,
): void {
  const most = server.maxHeadersCount ?? HEADERS_MOST
  if (most > 0 && request.rawHeaders.length >= 2 * most) {
    // What frames the body may be among the fields that are lost.
    socket.end('HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n')
    return
  }
  socket.unshift(Buffer.concat([headWithoutUpgrade(request), early]))
  server.emit('encrypted' in socket ? 'secureConnection' : 'connection', socket)
}

function headWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  let head = `${method} ${url} HTTP/${httpVersion}\r\n`
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    const value = rawHeaders[i + 1] as string
    const lower = name.toLowerCase()
    if (WISHES.has(lower)) continue
    const kept = lower === 'connection' ? withoutWishes(value) : value
    if (kept !== undefined) head += `${name}: ${kept}\r\n`
  }
  return Buffer.from(`${head}\r\n`, 'latin1')
}

const WISHES: ReadonlySet<string> = new Set(['upgrade', 'http2-settings'])

function withoutWishes(connection: string): string | undefined {
  const options = namedByConnection(connection)
  if (options === undefined) return connection
  const left = [...options].filter((option) => !WISHES.has(option))
  return left.length === 0 ? undefined : left.join(', ')
}
