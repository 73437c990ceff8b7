import type { ResponseHead } from '../reply/response-head.js'
import { namedByConnection } from '../request/headers.js'

/**
 * A server's 101 for the client. Here Upgrade and Connection belong to the message; what frames
 * bodies does not.
 * @param intercept a Set-Cookie value's fate: true keeps the line from the client.
 */
export function upgradeHead(
  raw: readonly Buffer[],
  intercept: (setCookie: string) => boolean,
): ResponseHead {
  const headers: string[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] as Buffer).toString('latin1')
    const value = (raw[i + 1] as Buffer).toString('latin1')
    const lower = name.toLowerCase()
    if (NOT_FORWARDED.has(lower)) continue
    if (lower === 'set-cookie' && intercept(value)) continue
    if (lower === 'connection') {
      // Only that it upgrades: the other options were for our connection to the server.
      const options = namedByConnection(value)
      if (options !== undefined && !options.has('upgrade')) continue
      headers.push(name, 'Upgrade')
      continue
    }
    headers.push(name, value)
  }
  return {
    status: 101,
    reason: 'Switching Protocols',
    headers,
    keepAlive: false,
    eventStream: false,
    shared: false,
    // Nobody stores a 101.
    unshared: true,
    releases: false,
  }
}

const NOT_FORWARDED: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'trailer',
])

/** The head as it goes on the wire. */
export function serializeHead(headers: readonly string[]): Buffer {
  let head = 'HTTP/1.1 101 Switching Protocols\r\n'
  for (let i = 0; i + 1 < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`
  return Buffer.from(`${head}\r\n`, 'latin1')
}
