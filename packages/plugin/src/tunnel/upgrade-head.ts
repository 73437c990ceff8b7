import type { ResponseHead } from '../reply/response-head.js'
import { namedByConnection } from '../request/headers.js'
import type { WireHead } from '../wire/response-head.js'

/**
 * A server's 101 for the client. Here Upgrade and Connection belong to the message; what frames
 * bodies does not.
 * @param intercept a Set-Cookie value's fate: true keeps the line from the client.
 */
export function upgradeHead(
  { fields }: WireHead,
  intercept: (setCookie: string) => boolean,
): ResponseHead {
  const headers: string[] = []
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] as string
    const value = fields[i + 1] as string
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
