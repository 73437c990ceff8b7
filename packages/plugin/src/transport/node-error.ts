import { type Outcome, outcomes } from '@holdfast/core'

/** Why a deadline of ours ended a connection; the error that undici reports is then this one. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError'
  readonly outcome: Outcome

  constructor(outcome: Outcome) {
    super(outcome.name)
    this.outcome = outcome
  }
}

/**
 * What an error of Node or undici means for an attempt. The only room that knows their codes.
 * @param sent whether a byte of the request may have reached the server.
 */
export function outcomeOf(error: unknown, sent: boolean): Outcome {
  if (error instanceof DeadlineError) return error.outcome
  // undici gives only some of its parser's errors a code, but all of them this name.
  if (error instanceof Error && error.name === 'HTTPParserError') return outcomes.invalid
  switch (codeOf(error)) {
    case 'UND_ERR_HEADERS_OVERFLOW':
      return outcomes.invalid
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
      return sent ? outcomes.headTimeout : outcomes.connectTimeout
    case 'UND_ERR_HEADERS_TIMEOUT':
      return outcomes.headTimeout
    // Our own arguments were refused: no server is to blame.
    case 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH':
    case 'UND_ERR_INVALID_ARG':
    case 'UND_ERR_NOT_SUPPORTED':
      return outcomes.proxy
    // Among these is UND_ERR_DESTROYED: an idle connection broke in the turn that it was taken in.
    default:
      return sent ? outcomes.reset : outcomes.refused
  }
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
