import { mayResend } from '@holdfast/core'
import type { FastifyRequest } from 'fastify'
import { BadTargetError, BodyTooLargeError, TransferCodingError } from '../errors.js'
import type { RawHeaders } from '../raw-headers.js'
import type { Registration } from '../registration.js'
import { type BodyListener, RequestBody } from './body.js'
import { requestHeaders } from './headers.js'
import { describeReplaced, type OutgoingBody } from './outgoing-body.js'
import { parseTarget } from './target.js'

/** A request as it goes to whatever server is chosen for it. */
export interface Outgoing {
  readonly path: string
  /** The Host field first. */
  readonly headers: RawHeaders
  readonly body: RequestBody | undefined
}

/**
 * Makes of a client's request what servers get.
 * @param remoteAddress the client's, by the gateway's rules of trust.
 * @throws the errors of a request that cannot be passed on, with their statuses.
 */
export function prepareOutgoing(
  registration: Registration,
  request: FastifyRequest,
  remoteAddress: string,
  source: OutgoingBody | undefined,
  listener: BodyListener,
): Outgoing {
  const target = parseTarget(request.raw.url ?? '')
  if (target === undefined) throw new BadTargetError()
  if (isCodedTwice(request)) throw new TransferCodingError()
  const path = registration.prefix.rewrite(target.path)
  if (path === undefined) throw new BadTargetError()
  const { cookie, rewriteRequestHeaders: rewrite } = registration
  const headers = requestHeaders(
    request,
    request.headers.host ?? String(request.headers[':authority'] ?? ''),
    remoteAddress,
    source !== undefined,
    cookie === undefined ? keep : (value) => cookie.forwardedCookies(value),
  )
  const body = source && takeBody(registration, request, source, listener)
  const described = source?.replaced ? describeReplaced(headers, source.replaced) : headers
  const final = rewrite === undefined ? described : rewrite(request, described)
  // HTTP/1.0 may come without a Host, and HTTP/1.1 must not go out without one.
  if (final[1] === '' && registration.host === '$host') final[1] = 'localhost'
  return { path, headers: final, body }
}

/**
 * Whether a body has a coding besides chunked; it would have to be undone here, since the field that
 * names it goes no further. Where chunked does not come last Node refuses the message itself.
 */
function isCodedTwice({ headers }: FastifyRequest): boolean {
  const codings = headers['transfer-encoding']
  return codings !== undefined && /,\s*chunked\s*$/i.test(codings)
}

function takeBody(
  { bodyLimit, rules }: Registration,
  request: FastifyRequest,
  { source, replaced }: OutgoingBody,
  listener: BodyListener,
): RequestBody {
  const told = Number(request.headers['content-length'])
  const length = replaced === undefined ? told : replaced.length
  if (length !== undefined && length > bodyLimit) throw new BodyTooLargeError()
  const { retry } = rules
  const sent = { method: request.raw.method ?? '', sent: true, answered: false, replayable: true }
  const keepMost = mayResend(retry, sent) ? retry.bufferBytes : 0
  return new RequestBody(source, bodyLimit, keepMost, listener)
}

const keep = (cookies: string): string => cookies
