import type { Http2ServerRequest } from 'node:http2'
import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { BodyConsumedError } from '../errors.js'
import type { RawHeaders } from './headers.js'

/** What goes to the server as the request's body. */
export interface OutgoingBody {
  readonly source: Readable
  /** Set where it is not the client's own body: the fields that described that do not hold. */
  readonly replaced: { readonly length: number } | undefined
}

/**
 * The client's own body, unread; undefined when it sent none.
 * @throws HOLDFAST_BODY_CONSUMED when somebody has read it already.
 */
export function clientBody(request: FastifyRequest): OutgoingBody | undefined {
  const { body, raw, headers } = request
  if (body instanceof Readable) return { source: body, replaced: undefined }
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
  if (Buffer.isBuffer(body)) return whole(body)
  if (typeof body === 'string') return whole(Buffer.from(body))
  const type = request.headers['content-type'] ?? ''
  if (/^application\/(.+\+)?json\b/i.test(type.trim())) {
    return whole(Buffer.from(JSON.stringify(body)))
  }
  throw new BodyConsumedError()
}

function whole(bytes: Buffer): OutgoingBody | undefined {
  return {
    source: Readable.from([bytes], { objectMode: false }),
    replaced: { length: bytes.length },
  }
}

/** Describes a body that is not the client's; a Content-Type stays, an encoding was undone. */
export function describeReplaced(headers: RawHeaders, length: number): RawHeaders {
  const described: RawHeaders = []
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] as string
    const lower = name.toLowerCase()
    if (lower !== 'content-length' && lower !== 'content-encoding') {
      described.push(name, headers[i + 1] as string)
    }
  }
  described.push('Content-Length', String(length))
  return described
}
