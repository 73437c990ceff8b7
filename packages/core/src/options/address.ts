import { isIPv4, isIPv6 } from 'node:net'

/** A server's address, taken apart. */
export interface Address {
  /** As configured, without its scheme: the identity. */
  readonly text: string
  readonly tls: boolean
  /** Where it leads, alike for all spellings of it: to tell duplicates. */
  readonly endpoint: string
}

/** Why a text is no address; `secret` when it must not be shown. */
export interface AddressProblem {
  readonly problem: string
  readonly secret?: boolean
}

/** Reads `host`, `host:port`, `[v6]`, `[v6]:port` or `unix:/path`, with a scheme or without. */
export function readAddress(written: string): Address | AddressProblem {
  const [, scheme, text = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(written) ?? []
  if (text.includes('@')) {
    return { problem: 'must not hold a user or a password', secret: true }
  }
  if (!/^[\x21-\x7e]*$/.test(text)) {
    return { problem: 'must not hold spaces, control characters or letters beyond ASCII' }
  }
  const protocol = scheme?.toLowerCase() ?? 'http'
  if (protocol !== 'http' && protocol !== 'https') {
    return { problem: `speaks ${protocol}; servers are reached over http or https` }
  }
  const tls = protocol === 'https'
  if (/^unix:/i.test(text)) return readSocketPath(text, tls)
  return readHostAndPort(text, tls)
}

// sockaddr_un holds 108 bytes, the last of which is NUL.
const LONGEST_SOCKET_PATH = 107

function readSocketPath(text: string, tls: boolean): Address | AddressProblem {
  const path = text.slice('unix:'.length)
  if (!text.startsWith('unix:/')) return { problem: "must be written 'unix:/path'" }
  if (path.length > LONGEST_SOCKET_PATH) {
    return { problem: `has a path of more than ${LONGEST_SOCKET_PATH} bytes` }
  }
  return { text, tls, endpoint: text }
}

function readHostAndPort(text: string, tls: boolean): Address | AddressProblem {
  if (/[/?#]/.test(text)) {
    return {
      problem: 'must end after the port: a server has no path (rewritePrefix changes paths)',
    }
  }
  if (isIPv6(text)) return { problem: `must have brackets: '[${text}]', or '[${text}]:8080'` }
  const [, host, port] = /^(\[[^\]]+\]|[^:]+)(?::(.*))?$/s.exec(text) ?? []
  if (host === undefined || !isHost(host)) {
    return { problem: "must be 'host:port', 'host', '[v6]:port' or 'unix:/path'" }
  }
  if (port !== undefined && !isPort(port)) return { problem: 'must have a port from 1 to 65535' }
  const name = host.toLowerCase()
  return { text, tls, endpoint: `${name}:${port ?? (tls ? 443 : 80)}` }
}

function isHost(host: string): boolean {
  if (host.startsWith('[')) return isIPv6(host.slice(1, -1))
  if (!/^[\w-]+(\.[\w-]+)*\.?$/.test(host) || host.length > 253) return false
  // Resolvers read names that end in a number as IPv4, each in its own way.
  return !/(^|\.)\d+\.?$/.test(host) || isIPv4(host)
}

function isPort(port: string): boolean {
  return /^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535
}
