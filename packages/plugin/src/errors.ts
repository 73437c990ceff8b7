import createError, { type FastifyErrorConstructor } from '@fastify/error'

/**
 * Everything that a client can be told. The texts are constant: what went wrong below, and where,
 * is in the log and nowhere else.
 */
export const BadTargetError: FastifyErrorConstructor = createError(
  'HOLDFAST_BAD_TARGET',
  'The request target is not valid here',
  400,
)
export const BadHostError: FastifyErrorConstructor = createError(
  'HOLDFAST_BAD_HOST',
  'The Host header is not valid',
  400,
)
export const TransferCodingError: FastifyErrorConstructor = createError(
  'HOLDFAST_TRANSFER_CODING',
  'Of transfer codings only chunked is understood',
  501,
)
export const TooManyHeadersError: FastifyErrorConstructor = createError(
  'HOLDFAST_TOO_MANY_HEADERS',
  'The request has too many header fields',
  431,
)
export const BadBodyError: FastifyErrorConstructor = createError(
  'HOLDFAST_BAD_BODY',
  'The request body broke off or cannot be read',
  400,
)
export const BodyTooLargeError: FastifyErrorConstructor = createError(
  'HOLDFAST_BODY_TOO_LARGE',
  'The request body is too large',
  413,
)
export const RequestTimeoutError: FastifyErrorConstructor = createError(
  'HOLDFAST_REQUEST_TIMEOUT',
  'The rest of the request body did not arrive in time',
  408,
)
export const NoServerError: FastifyErrorConstructor = createError(
  'HOLDFAST_NO_SERVER',
  'No server can take the request now',
  502,
)
export const BadGatewayError: FastifyErrorConstructor = createError(
  'HOLDFAST_BAD_GATEWAY',
  'The server gave no valid answer',
  502,
)
export const GatewayTimeoutError: FastifyErrorConstructor = createError(
  'HOLDFAST_GATEWAY_TIMEOUT',
  'The server did not answer in time',
  504,
)

/** For whoever writes the gateway. */
export const UnknownUpstreamError: FastifyErrorConstructor<
  { code: 'HOLDFAST_UNKNOWN_UPSTREAM' },
  [string]
> = createError(
  'HOLDFAST_UNKNOWN_UPSTREAM',
  "There is no upstream named '%s': register holdfast with it first",
  500,
)
export const BodyConsumedError: FastifyErrorConstructor = createError(
  'HOLDFAST_BODY_CONSUMED',
  'The body was parsed into something that cannot be sent on: hand over a stream, a Buffer, a string or JSON',
  500,
)
