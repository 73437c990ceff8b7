/** Whose fault an attempt's end was. Only the server's own faults count against its health. */
export type Blame = 'none' | 'server' | 'client' | 'proxy'

/** The kinds of fail that are counted apart. */
export type FailKind = 'connect' | 'timeout' | 'reset' | 'invalid' | 'status'

/** What `retry.on` must name for such an end to be tried elsewhere. */
export type RetryCondition = 'error' | 'timeout' | 'invalid-header' | 'status'

/**
 * The classified end of one attempt (nginx/semantics 4.1). The instances below are the only
 * ones, so that a request allocates none.
 */
export interface Outcome {
  readonly name:
    | 'ok'
    | 'status'
    | 'elsewhere'
    | 'refused'
    | 'connect-timeout'
    | 'reset'
    | 'send-timeout'
    | 'head-timeout'
    | 'invalid'
    | 'stale'
    | 'cut'
    | 'aborted'
    | 'proxy'
  readonly blame: Blame
  /** How the fail is counted; undefined where nobody's health suffers. */
  readonly fail: FailKind | undefined
  /** Undefined: never tried elsewhere. */
  readonly condition: RetryCondition | undefined
  /** What the client is told when this was the last attempt. */
  readonly status: 502 | 504 | undefined
}

const outcome = (
  name: Outcome['name'],
  blame: Blame,
  fail: FailKind | undefined,
  condition: RetryCondition | undefined,
  status: 502 | 504 | undefined,
): Outcome => Object.freeze({ name, blame, fail, condition, status })

/** Every way in which an attempt can end. */
export const outcomes: {
  readonly [name in
    | 'ok'
    | 'status'
    | 'elsewhere'
    | 'refused'
    | 'connectTimeout'
    | 'reset'
    | 'sendTimeout'
    | 'headTimeout'
    | 'invalid'
    | 'stale'
    | 'cut'
    | 'aborted'
    | 'proxy']: Outcome
} = Object.freeze({
  /** A complete response head arrived, and its status is no reason to go on. */
  ok: outcome('ok', 'none', undefined, undefined, undefined),
  /** The head's status is listed in `retry.on`, and the request really goes elsewhere. */
  status: outcome('status', 'server', 'status', 'status', undefined),
  /** The same for 403 and 404, which say nothing about the server's health. */
  elsewhere: outcome('elsewhere', 'none', undefined, undefined, undefined),
  /** No connection: refused, unreachable, or the TLS handshake failed. Nothing was sent. */
  refused: outcome('refused', 'server', 'connect', 'error', 502),
  connectTimeout: outcome('connect-timeout', 'server', 'timeout', 'timeout', 504),
  /** The connection ended before a complete response head. */
  reset: outcome('reset', 'server', 'reset', 'error', 502),
  sendTimeout: outcome('send-timeout', 'server', 'timeout', 'timeout', 504),
  headTimeout: outcome('head-timeout', 'server', 'timeout', 'timeout', 504),
  /** What came back is not HTTP, or its head breaks the rules. */
  invalid: outcome('invalid', 'server', 'invalid', 'invalid-header', 502),
  /** A kept connection that the server had closed meanwhile: no attempt at all (nginx 4.3). */
  stale: outcome('stale', 'none', undefined, 'error', 502),
  /** The body broke off after its head was accepted: as in nginx, no fail and never a retry. */
  cut: outcome('cut', 'none', undefined, undefined, undefined),
  /** The client left first. */
  aborted: outcome('aborted', 'client', undefined, undefined, undefined),
  /** Our own fault, such as a hook of the gateway that threw. */
  proxy: outcome('proxy', 'proxy', undefined, undefined, undefined),
})
