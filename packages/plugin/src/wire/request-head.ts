import { isNamed } from '../raw-headers.js'
import { InvalidRequestError } from './errors.js'
import { isFieldText, isToken } from './syntax.js'

/** A request as a connection is given it. */
export interface WireRequest {
  readonly method: string
  /** Starts with `/`, or is the `*` of OPTIONS. */
  readonly path: string
  /**
   * Name and value in turn, in the order in which they go out. What concerns the connection and
   * the framing is said by the connection itself, but for Content-Length.
   */
  readonly headers: readonly string[]
  readonly hasBody: boolean
  /** The protocol to ask for in place of an answer; undefined for ordinary requests. */
  readonly upgrade: string | undefined
  /** The connection is to be kept for more requests. */
  readonly keepAlive: boolean
}

/** A request's head as text, one character a byte, and how its body goes behind it. */
export interface RequestHead {
  readonly text: string
  /** Bytes that the body must have; undefined where it goes in chunks, or there is none. */
  readonly length: number | undefined
}

/**
 * Writes a request's head.
 * @throws InvalidRequestError for what would end a line early or frame the body wrongly.
 */
export function writeRequestHead(request: WireRequest): RequestHead {
  const { method, path, headers, hasBody, upgrade } = request
  if (!isToken(method)) throw new InvalidRequestError('a method that is none')
  if (!/^[\x21-\x7e\x80-\xff]+$/.test(path)) throw new InvalidRequestError('a path with a gap')
  let text = `${method} ${path} HTTP/1.1\r\n`
  let length: number | undefined
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] as string
    const value = headers[i + 1] as string
    if (!isToken(name) || typeof value !== 'string' || !isFieldText(value))
      throw new InvalidRequestError(`a field ${name}`)
    const fate = fateOf(name)
    if (fate === 'field') text += `${name}: ${value}\r\n`
    else if (fate === 'length' && hasBody) length = oneLength(length, value)
  }
  if (length !== undefined) text += `Content-Length: ${length}\r\n`
  else if (hasBody) text += 'Transfer-Encoding: chunked\r\n'
  // Without it a server may wait for a body (RFC 9110, 8.6).
  else if (anticipatesBody(method)) text += 'Content-Length: 0\r\n'
  text += connectionLines(upgrade, request.keepAlive)
  return { text: `${text}\r\n`, length }
}

function connectionLines(upgrade: string | undefined, keepAlive: boolean): string {
  if (upgrade !== undefined) {
    if (!isFieldText(upgrade)) throw new InvalidRequestError('a protocol to upgrade to')
    return `Connection: upgrade\r\nUpgrade: ${upgrade}\r\n`
  }
  return keepAlive ? 'Connection: keep-alive\r\n' : 'Connection: close\r\n'
}

/** The one length of a body: what is told twice must be the same. */
function oneLength(before: number | undefined, value: string): number {
  if (!/^\d{1,15}$/.test(value) || (before !== undefined && before !== Number(value))) {
    throw new InvalidRequestError('a Content-Length')
  }
  return Number(value)
}

type Fate = 'field' | 'length' | 'own'

/** Whether a field is the connection's own to say; by the length of its name first, for speed. */
function fateOf(name: string): Fate {
  switch (name.length) {
    case 6:
      return isNamed(name, 'expect') ? 'own' : 'field'
    case 7:
      return isNamed(name, 'upgrade') ? 'own' : 'field'
    case 10:
      return isNamed(name, 'connection') || isNamed(name, 'keep-alive') ? 'own' : 'field'
    case 14:
      return isNamed(name, 'content-length') ? 'length' : 'field'
    case 17:
      return isNamed(name, 'transfer-encoding') ? 'own' : 'field'
    default:
      return 'field'
  }
}

/** The methods whose requests are taken to have a body, so that to have none has to be said. */
export function anticipatesBody(method: string): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH' || RARER.has(method)
}

const RARER: ReadonlySet<string> = new Set(['QUERY', 'PROPFIND', 'PROPPATCH'])
