import type { Http2ServerRequest } from 'node:http2'
import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { BodyConsumedError } from '../errors.js'
import { type RawHeaders, withoutFields } from '../raw-headers.js'

/** What goes to the server as the request's body. */
export interface OutgoingBody {
  readonly source: Readable
  /** Set where it is not the client's own body: the fields that described that do not hold. */
  readonly replaced: ReplacedBody | undefined
}

/** A body that a hook, a parser or a route made of the client's. */
export interface ReplacedBody {
  /** Undefined where it is not known before the end. */
  readonly length: number | undefined
  /** It is plain text, whatever Content-Encoding the client's had. */
  readonly decoded: boolean
}

/**
 * The client's own body, unread; undefined when it sent none.
 * @throws HOLDFAST_BODY_CONSUMED when somebody has read it already.
 */
export function clientBody(request: FastifyRequest): OutgoingBody | undefined {
  const { body, raw, headers } = request
  if (body instanceof Readable) {
    // A preParsing hook may have put another stream in its place, such as a gunzip.
    const own = body === (raw as Readable)
    return { source: body, replaced: own ? undefined : { length: undefined, decoded: false } }
  }
  const has =
    raw.httpVersionMajor === 2
      ? !(raw as unknown as Http2ServerRequest).stream.endAfterHeaders
      : headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0
  if (!has) return undefined
  if (raw.readableDidRead) throw new BodyConsumedError()
  return { source: raw, replaced: undefined }
}

/**
 * The body of a request that a route of the gateway's own took in: a stream as it is, a Buffer or
 * text byte for byte, JSON written out again.
 * @throws HOLDFAST_BODY_CONSUMED for anything else that was parsed.
 */
export function routeBody(request: FastifyRequest): OutgoingBody | undefined {
  const { body } = request
  // JSON may be null; what was not parsed is undefined.
  if (body === undefined || body instanceof Readable) return clientBody(request)
  if (Buffer.isBuffer(body)) return whole(body, false)
  if (typeof body === 'string') return whole(Buffer.from(body), true)
  const type = request.headers['content-type'] ?? ''
  if (/^application\/(.+\+)?json\b/i.test(type.trim())) {
    return whole(Buffer.from(JSON.stringify(body)), true)
  }
  throw new BodyConsumedError()
}

function whole(bytes: Buffer, decoded: boolean): OutgoingBody {
  return {
    source: Readable.from([bytes], { objectMode: false }),
    replaced: { length: bytes.length, decoded },
  }
}

/**
 * Describes a body that is not the client's; one of unknown length goes in chunks. Its type stays,
 * and so does an encoding that nobody is known to have undone.
 */
export function describeReplaced(
  headers: RawHeaders,
  { length, decoded }: ReplacedBody,
): RawHeaders {
  const described = withoutFields(headers, decoded ? OF_ENCODED : OF_FRAMED)
  if (length !== undefined) described.push('Content-Length', String(length))
  return described
}

const OF_FRAMED: ReadonlySet<string> = new Set(['content-length'])
const OF_ENCODED: ReadonlySet<string> = new Set(['content-length', 'content-encoding'])
