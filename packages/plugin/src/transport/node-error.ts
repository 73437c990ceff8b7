import { type Outcome, outcomes } from '@holdfast/core'
import { InvalidRequestError, InvalidResponseError } from '../wire/errors.js'

/**
 * What an error of Node or of the wire means for an attempt. The only room that knows their codes.
 * @param sent whether a byte of the request may have reached the server.
 */
export function outcomeOf(error: unknown, sent: boolean): Outcome {
  if (error instanceof InvalidResponseError) return outcomes.invalid
  // Our own arguments were refused: no server is to blame.
  if (error instanceof InvalidRequestError) return outcomes.proxy
  if (codeOf(error) === 'ETIMEDOUT') return sent ? outcomes.headTimeout : outcomes.connectTimeout
  return sent ? outcomes.reset : outcomes.refused
}

/** Whether a write found that the other end had closed or reset its connection. */
export function isBrokenConnection(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'ECONNRESET' || code === 'EPIPE'
}

/** Whether Node, or Fastify for it, refused to send a head that a server had sent. */
export function isInvalidHead(error: unknown): boolean {
  switch (codeOf(error)) {
    case 'ERR_INVALID_CHAR':
    case 'ERR_INVALID_HTTP_TOKEN':
    case 'ERR_HTTP_INVALID_HEADER_VALUE':
    case 'ERR_HTTP_INVALID_STATUS_CODE':
    case 'FST_ERR_BAD_STATUS_CODE':
      return true
    default:
      return false
  }
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return ''
  return typeof error.code === 'string' ? error.code : ''
}
